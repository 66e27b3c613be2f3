import { Handle, Position } from '@xyflow/react'
import type { NodeProps } from '@xyflow/react'
import { memo } from 'react'
import type { CanvasNode } from '../graph/canvas'
import { titleOf } from '../graph/edits'
import { isWarning, messageOf } from '../graph/issues'
import { summarizeNode } from '../graph/summaries'
import { kindStyle, NodeIcon } from '../types/NodeIcon'
import { nodeType } from '../types/types'
import { Icon } from '../ui/icons'
import { useCatalogue } from './catalogue'
import { countIssues, issuesOf } from './issuesOf'
import { useEditor } from './useEditor'

/** A node on the canvas: what it is, what it is called, what it does, and whether something is wrong with it. */
export const StepNode = memo(function StepNode({ data: { node } }: NodeProps<CanvasNode>) {
  const catalogue = useCatalogue()
  const title = titleOf(node)
  const { label, place } = nodeType(node.type)
  return (
    <div className="step" style={kindStyle(node.type)} title={title}>
      {place !== 'start' && <Handle type="target" position={Position.Left} />}
      <span className="step-icon">
        <NodeIcon type={node.type} size={18} />
      </span>
      <span className="step-words">
        <span className="step-title truncate" dir="auto">
          {title}
        </span>
        <span className="step-summary truncate">
          <span className="visually-hidden">{label}: </span>
          {summarizeNode(node, catalogue)}
        </span>
      </span>
      <Badge id={node.id} />
      {place !== 'end' && <Handle type="source" position={Position.Right} />}
    </div>
  )
})

/** How many faults the node has. The texts are in the inspector. */
function Badge({ id }: { id: string }) {
  const issues = useEditor((state) => issuesOf(state, { kind: 'node', id }))
  if (issues.length === 0) return null
  const isOdd = issues.every(isWarning)
  return (
    <span
      className={isOdd ? 'step-badge step-badge-warn' : 'step-badge'}
      title={issues.map(messageOf).join('\n')}
    >
      <Icon name="warning" size={12} />
      {issues.length}
      <span className="visually-hidden">: {countIssues(issues)}</span>
    </span>
  )
}
