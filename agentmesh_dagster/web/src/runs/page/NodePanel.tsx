import type { EventLog, GraphNode, Json } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { countByStatus } from '../live/runState'
import type { RunStep } from '../live/runSteps'
import { ForkButton } from '../fork/ForkButton'
import { NodeIcon } from '../../types/NodeIcon'
import { Empty } from '../../ui/states'
import { formatCounts } from './figures'
import { ItemList } from './ItemList'
import type { Selection, StepTab } from './place'
import { StepPanel } from './StepPanel'

interface Props {
  runId: string
  node: GraphNode
  /** The steps of the node: several inside an `each`. */
  steps: readonly RunStep[]
  /** The values of the items, where they are known. */
  items: readonly Json[]
  chosen: Selection
  events: readonly EventLog[]
  tab: StepTab | undefined
  onTab: (tab: StepTab) => void
  onChoose: (chosen: Selection) => void
  onMissing: () => void
}

/** What became of a node: its step, or a list of its items to choose from. */
export function NodePanel({
  runId,
  node,
  steps,
  items,
  chosen,
  events,
  tab,
  onTab,
  onChoose,
  onMissing,
}: Props) {
  const isOnly = chosen.item === null && steps.length === 1
  const step = isOnly ? steps[0] : steps.find(({ item }) => item !== null && item === chosen.item)
  const title = titleOf(node)
  if (step) {
    return (
      <>
        {steps.length > 1 && (
          <button
            type="button"
            className="button button-quiet button-small panel-back"
            onClick={() => onChoose({ nodeId: node.id, item: null })}
          >
            All {steps.length} items
          </button>
        )}
        <StepPanel key={step.stepId} {...{ runId, node, step, events, tab, onTab, onMissing }} />
      </>
    )
  }
  if (steps.length === 0) {
    return (
      <Empty title={title}>
        {chosen.item === null
          ? 'The run has not come here.'
          : `The run has not come here with item ${chosen.item + 1}.`}
      </Empty>
    )
  }
  return (
    <div className="stack">
      <h2 className="step-title">
        <NodeIcon type={node.type} size={18} />
        <span dir="auto">{title}</span>
      </h2>
      <p className="muted small">{formatCounts(countByStatus(steps))}</p>
      <div>
        <ForkButton runId={runId} node={node} path="" />
      </div>
      <ItemList steps={steps} items={items} onChoose={(item) => onChoose({ nodeId: node.id, item })} />
    </div>
  )
}
