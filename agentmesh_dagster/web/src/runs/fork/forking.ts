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

/** The steps before a node, at the same place, that have ended and only give something: the server has the last word. */
export function listEditable(
  graph: WorkflowGraph,
  steps: readonly Step[],
  nodeId: string,
  path: string,
): Editable[] {
  return ancestorsOf(graph, nodeId)
    .filter((node) => nodeType(node.type).place === 'between' && !nodeType(node.type).waits)
    .filter((node) => edgesOf(node).ports === 'all')
    .flatMap((node) => {
      const step = steps.find((one) => one.nodeId === node.id && isAround(one.path, path))
      return step && REPLACEABLE.has(step.status) ? [{ node, step }] : []
    })
}

/** Whether a step at `outer` is one and the same for all that stands at `path`. */
function isAround(outer: string, path: string): boolean {
  return outer === '' || outer === path || path.startsWith(`${outer}/`)
}

/** Whether a person was asked in the run: an answer may not hold for another output. */
export function hasAnswers(graph: WorkflowGraph, steps: readonly Step[]): boolean {
  const asking = new Set(graph.nodes.filter(({ type }) => nodeType(type).waits).map(({ id }) => id))
  return steps.some(({ nodeId, status }) => status === 'succeeded' && asking.has(nodeId))
}
