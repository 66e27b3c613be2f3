import type { EventLog, GraphNode, Json } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { countByStatus } from '../live/runState'
import { readPath, writePath } from '../live/paths'
import type { RunStep } from '../live/runSteps'
import { ForkButton } from '../fork/ForkButton'
import { NodeIcon } from '../../types/NodeIcon'
import { Icon } from '../../ui/icons'
import { Empty } from '../../ui/states'
import { formatCounts } from './figures'
import { ItemList } from './ItemList'
import { RoundLinks } from './RoundLinks'
import type { Selection, StepTab } from './place'
import { StepPanel } from './StepPanel'

interface Props {
  runId: string
  node: GraphNode
  /** The steps of the node that are shown: several inside an `each`. */
  steps: readonly RunStep[]
  /** The one that is chosen. */
  step: RunStep | undefined
  /** Whether it has steps at all, in whatever round. */
  isReached: boolean
  /** Where the step stands, in words; '' outside of all that is repeated or called. */
  where: string
  /** The same step in all rounds. */
  rounds: readonly RunStep[]
  /** The values of the items, where they are known. */
  items: readonly Json[]
  events: readonly EventLog[]
  tab: StepTab | undefined
  onTab: (tab: StepTab) => void
  onChoose: (chosen: Selection) => void
  /** Shows the graph of what the step called. */
  onOpen: (() => void) | undefined
  onMissing: () => void
}

/** What became of a node: its step, or a list of its items to choose from. */
export function NodePanel({
  runId,
  node,
  steps,
  step,
  isReached,
  where,
  rounds,
  items,
  events,
  tab,
  onTab,
  onChoose,
  onOpen,
  onMissing,
}: Props) {
  const title = titleOf(node)
  if (step) {
    return (
      <>
        {steps.length > 1 && (
          <button
            type="button"
            className="button button-quiet button-small panel-back"
            onClick={() => onChoose({ nodeId: node.id })}
          >
            All {steps.length} items
          </button>
        )}
        <RoundLinks
          step={step}
          rounds={rounds}
          onChoose={({ path }) => onChoose({ nodeId: node.id, path })}
        />
        {onOpen && (
          <button type="button" className="button button-small panel-back" onClick={onOpen}>
            <Icon name="layout" size={14} />
            Show the graph of what it called
          </button>
        )}
        <StepPanel key={step.stepId} {...{ runId, node, step, where, events, tab, onTab, onMissing }} />
      </>
    )
  }
  if (steps.length === 0) {
    return (
      <Empty title={title}>
        {isReached ? 'The run has not come here in this round.' : 'The run has not come here.'}
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
        <ForkButton runId={runId} node={node} path={pathOfAll(steps)} />
      </div>
      <ItemList steps={steps} items={items} onChoose={({ path }) => onChoose({ nodeId: node.id, path })} />
    </div>
  )
}

/** What stands for the steps of all items in a round. */
function pathOfAll([first]: readonly RunStep[]): string {
  return writePath(readPath(first?.path ?? '').filter(({ kind }) => kind !== 'item'))
}
