import { Handle, Position } from '@xyflow/react'
import type { NodeProps } from '@xyflow/react'
import { memo, useContext } from 'react'
import { titleOf } from '../../graph/edits'
import type { NodeState } from '../live/nodeStates'
import { NodeIcon } from '../../types/NodeIcon'
import { nodeType } from '../../types/types'
import { Icon, STATUS_ICONS } from '../../ui/icons'
import { statusWord } from '../../ui/statusWords'
import type { RunCanvasNode } from './canvas'
import { OpenCall } from './openCall'
import { RoundDots } from './RoundDots'

/** A node in the graph of a run: what it is called, and how far it has come. */
export const RunNode = memo(function RunNode({ data: { node, state, mayOpen } }: NodeProps<RunCanvasNode>) {
  const openCall = useContext(OpenCall)
  const title = titleOf(node)
  const { place } = nodeType(node.type)
  return (
    <div className={`run-node run-node-${state?.status ?? 'unreached'}`} title={title}>
      {place !== 'start' && <Handle type="target" position={Position.Left} isConnectable={false} />}
      <span className="run-node-icon">
        <NodeIcon type={node.type} size={18} />
      </span>
      <span className="run-node-words">
        <span className="run-node-title truncate" dir="auto">
          {title}
        </span>
        <span className="run-node-status truncate">
          {state?.status && <Icon name={STATUS_ICONS[state.status]} size={13} />}
          <span className="run-node-word">{state?.status ? statusWord(state.status) : 'Not reached'}</span>
          {state && state.steps > 1 && <span>{formatItems(state)}</span>}
          {state?.rounds && <RoundDots rounds={state.rounds} />}
        </span>
      </span>
      {mayOpen && (
        <button
          type="button"
          className="run-node-open"
          aria-label={`Open ${title}`}
          title="Show the graph of what it calls"
          onClick={(event) => {
            event.stopPropagation()
            openCall(node.id)
          }}
        >
          <Icon name="layout" size={15} />
        </button>
      )}
      {place !== 'end' && <Handle type="source" position={Position.Right} isConnectable={false} />}
    </div>
  )
})

function formatItems({ steps, ended }: NodeState): string {
  return ended === steps ? `${steps} items` : `${ended} of ${steps}`
}
