import { useEffect, useMemo } from 'react'
import type { RefObject } from 'react'
import type { PlacedIssue } from '../../graph/issues'
import { useEditor } from '../useEditor'
import { focusPlace } from '../focusPlace'
import type { Subject } from '../issuesOf'
import { keyOf, THE_WORKFLOW } from '../issuesOf'
import { EdgeInspector } from './EdgeInspector'
import { ManyInspector } from './ManyInspector'
import { NodeInspector } from './NodeInspector'
import { SubjectContext } from './PlacedField'
import { WorkflowInspector } from './WorkflowInspector'
import './inspector.css'

/** A fault to go to; `at` tells one wish from the next. */
export interface Wish {
  issue: PlacedIssue
  field: string
  at: number
}

interface Props {
  panel: RefObject<HTMLElement | null>
  wish: Wish | undefined
  mayEdit: boolean
}

/** All fields of what is selected. */
export function Inspector({ panel, wish, mayEdit }: Props) {
  const subject = useSubject()
  useEffect(() => {
    if (wish && panel.current) focusPlace(panel.current, wish.field)
  }, [panel, wish])
  return (
    <aside className="inspector" aria-label="Inspector" ref={panel} tabIndex={-1}>
      <fieldset disabled={!mayEdit} className="inspector-fields">
        {subject ? (
          <SubjectContext value={subject} key={keyOf(subject)}>
            {subject.kind === 'node' && <NodeInspector id={subject.id} />}
            {subject.kind === 'edge' && <EdgeInspector id={subject.id} />}
            {subject.kind === 'workflow' && <WorkflowInspector />}
          </SubjectContext>
        ) : (
          <ManyInspector />
        )}
      </fieldset>
    </aside>
  )
}

/** The one thing that is selected, the workflow if nothing is; undefined for several. */
function useSubject(): Subject | undefined {
  const { nodes, edges } = useEditor((state) => state.selection)
  return useMemo(() => {
    if (nodes.size + edges.size > 1) return undefined
    const [node] = nodes
    const [edge] = edges
    if (node !== undefined) return { kind: 'node', id: node }
    return edge === undefined ? THE_WORKFLOW : { kind: 'edge', id: edge }
  }, [nodes, edges])
}
