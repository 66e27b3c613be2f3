/** What may be given to a run that is forked: outputs of steps before it. No React. */
import type { GraphNode, Step, WorkflowGraph } from '../../api/types'
import { ancestorsOf } from '../../graph/ancestors'
import { edgesOf, nodeType } from '../../types/types'

/** A step whose output may be given anew. */
export interface Editable {
  node: GraphNode
  step: Step
}

const REPLACEABLE: ReadonlySet<Step['status']> = new Set(['succeeded', 'failed', 'canceled'])

/** The last steps before a node, for the same items, that have ended and only give something: the server has the last
 *  word. `path` is that of the step from which the run is forked, '' for all of the node's steps. */
export function listEditable(
  graph: WorkflowGraph,
  steps: readonly Step[],
  nodeId: string,
  path: string,
): Editable[] {
  const from = steps.filter((step) => step.nodeId === nodeId && (path === '' || step.path === path))
  const begun = from.map(({ startedAt }) => startedAt ?? '').toSorted()[0]
  const before = steps.filter(
    (step) => isForSameItems(step.path, path) && (!begun || (step.startedAt ?? '') <= begun),
  )
  return ancestorsOf(graph, nodeId)
    .filter((node) => nodeType(node.type).place === 'between' && !nodeType(node.type).waits)
    .filter((node) => edgesOf(node).ports === 'all')
    .flatMap((node) => {
      const step = before.findLast((one) => one.nodeId === node.id && one.status !== 'skipped')
      return step && REPLACEABLE.has(step.status) ? [{ node, step }] : []
    })
}

/** Whether a step at `outer` is one for all that is done for the items of `path`. */
function isForSameItems(outer: string, path: string): boolean {
  const items = itemsOf(path)
  return itemsOf(outer).every((item, at) => item === items[at])
}

function itemsOf(path: string): string[] {
  return path.split('/').filter((frame) => frame.startsWith('['))
}

/** Whether a person was asked in the run: an answer may not hold for another output. */
export function hasAnswers(graph: WorkflowGraph, steps: readonly Step[]): boolean {
  const asking = new Set(graph.nodes.filter(({ type }) => nodeType(type).asks).map(({ id }) => id))
  return steps.some(({ nodeId, status }) => status === 'succeeded' && asking.has(nodeId))
}
