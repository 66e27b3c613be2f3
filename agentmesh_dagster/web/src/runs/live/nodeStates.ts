/** What the steps of a run mean for its graph: one status per node, and the edges that were taken. No React. */
import type { StepStatus, WorkflowGraph } from '../../api/types'
import { shownStatus } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import { isOver } from './foldStep'

/** What is known of a step here. */
interface SomeStep {
  nodeId: string
  status: StepStatus
  caught?: boolean | undefined
  usedFallback?: boolean | undefined
  taken?: readonly string[]
}

export interface NodeState {
  /** Undefined: it has not come here in the round that is shown. */
  status: ShownStatus | undefined
  /** More than one inside an `each`. */
  steps: number
  /** Of these, how many have ended. */
  ended: number
  /** Inside a loop: what became of it in each round, from the first on. */
  rounds?: readonly (ShownStatus | undefined)[]
}

/** What needs a look first: of several steps of a node, the first of these that one has is what the node shows. */
export const WORST_FIRST: readonly ShownStatus[] = [
  'failed',
  'waiting_human',
  'waiting',
  'running',
  'pending',
  'canceled',
  'caught',
  'fallback',
  'succeeded',
  'skipped',
]

export function stateByNode(steps: Iterable<SomeStep>): ReadonlyMap<string, NodeState> {
  const states = new Map<string, NodeState>()
  for (const step of steps) {
    const { nodeId } = step
    const status = shownStatus(step)
    const known = states.get(nodeId)
    states.set(nodeId, {
      status: known?.status ? worseStatus(known.status, status) : status,
      steps: (known?.steps ?? 0) + 1,
      ended: (known?.ended ?? 0) + (isOver(step.status) ? 1 : 0),
    })
  }
  return states
}

/** Ids of the edges that were taken. A branch and a gate name them; of any other node that succeeded it is all. */
export function takenEdges(graph: WorkflowGraph, steps: Iterable<SomeStep>): ReadonlySet<string> {
  const all = [...steps]
  const chosen = new Map<string, ReadonlySet<string> | 'all'>()
  for (const { nodeId, status, caught, taken } of all) {
    if (status !== 'succeeded' && !caught) continue
    const before = chosen.get(nodeId)
    chosen.set(
      nodeId,
      before === 'all' || taken === undefined ? 'all' : new Set([...(before ?? []), ...taken]),
    )
  }
  const skipped = listSkipped(all)
  const taken = new Set<string>()
  for (const edge of graph.edges) {
    const ids = chosen.get(edge.fromNodeId)
    const isFollowed = ids === 'all' ? edge.on !== 'error' && !skipped.has(edge.toNodeId) : ids?.has(edge.id)
    if (isFollowed) taken.add(edge.id)
  }
  return taken
}

/** Nodes that no way in led to: all of their steps were skipped. */
function listSkipped(steps: readonly SomeStep[]): ReadonlySet<string> {
  return new Set(
    [...stateByNode(steps)].filter(([, { status }]) => status === 'skipped').map(([nodeId]) => nodeId),
  )
}

/** Of two statuses the one that a summary shows. */
export function worseStatus<Status extends ShownStatus>(one: Status, other: Status): Status {
  return WORST_FIRST.indexOf(one) <= WORST_FIRST.indexOf(other) ? one : other
}
