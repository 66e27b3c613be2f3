/** Which `each` repeats a node. No React. */
import type { WorkflowGraph } from '../api/types'

/** Node id → id of the nearest `each` before it. A step with an item belongs to that one: they are never nested. */
export function listRegions(graph: WorkflowGraph): ReadonlyMap<string, string> {
  const regions = new Map<string, string>()
  const next = new Map<string, string[]>()
  for (const { fromNodeId, toNodeId } of graph.edges) {
    const known = next.get(fromNodeId)
    if (known) known.push(toNodeId)
    else next.set(fromNodeId, [toNodeId])
  }
  const isEach = new Set(graph.nodes.filter((node) => node.config['mode'] === 'each').map((node) => node.id))
  for (const each of isEach) {
    const waiting = [...(next.get(each) ?? [])]
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (regions.get(id) === each) continue
      regions.set(id, each)
      if (!isEach.has(id)) waiting.push(...(next.get(id) ?? []))
    }
  }
  return regions
}
