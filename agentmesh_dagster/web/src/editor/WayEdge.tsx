import { BaseEdge, EdgeLabelRenderer, getBezierPath } from '@xyflow/react'
import type { EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import type { CanvasEdge } from '../graph/canvas'
import { isWarning } from '../graph/issues'
import { Icon } from '../ui/icons'
import { issuesOf } from './issuesOf'
import { select } from './state'
import { useEditor, useEditorStore } from './useEditor'

const LANE_HEIGHT = 34 // between ways that have the same ends

/** An edge with its condition. */
export const WayEdge = memo(function WayEdge(props: EdgeProps<CanvasEdge>) {
  const { id, selected = false, data, markerEnd } = props
  const store = useEditorStore()
  const issues = useEditor((state) => issuesOf(state, { kind: 'edge', id }))
  const lane = data?.lane ?? 0
  const [path, labelX, labelY] = getBezierPath({
    ...props,
    curvature: 0.25 + lane * 0.35,
    sourceY: props.sourceY + lane * 4,
    targetY: props.targetY + lane * 4,
  })
  const isFaulty = issues.some((issue) => !isWarning(issue))
  const label = data?.label ?? ''
  return (
    <>
      <BaseEdge
        path={path}
        markerEnd={markerEnd}
        className={isFaulty ? 'way way-faulty' : 'way'}
        interactionWidth={24}
      />
      {(label || issues.length > 0) && (
        <EdgeLabelRenderer>
          {/* The edge itself is what the keyboard reaches. */}
          {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
          <div
            className={`way-label nodrag nopan ${selected ? 'way-label-selected' : ''} ${isFaulty ? 'way-label-faulty' : ''}`}
            style={{
              transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY + lane * LANE_HEIGHT}px)`,
            }}
            title={[data?.edge.condition ?? label, ...issues.map(({ issue }) => issue.message)]
              .filter(Boolean)
              .join('\n')}
            onClick={() => store.change((state) => select(state, [], [id]))}
          >
            {issues.length > 0 && <Icon name="warning" size={12} />}
            <span className="truncate">{label}</span>
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  )
})
