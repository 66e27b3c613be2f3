/** Which nodes stand before a node, and which behind it. */
import type { GraphNode, WorkflowGraph } from '../api/types'

/** All ancestors of a node, in the order of the graph's list. */
export function ancestorsOf(graph: WorkflowGraph, nodeId: string): GraphNode[] {
  const parents = new Map<string, string[]>()
  for (const { fromNodeId, toNodeId } of graph.edges) {
    parents.set(toNodeId, [...(parents.get(toNodeId) ?? []), fromNodeId])
  }
  const found = new Set<string>()
  const open = [...(parents.get(nodeId) ?? [])]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue
    found.add(id)
    open.push(...(parents.get(id) ?? []))
  }
  return graph.nodes.filter((node) => found.has(node.id) && node.id !== nodeId)
}

/** The ids of all nodes behind a node. */
export function descendantsOf(graph: WorkflowGraph, nodeId: string): Set<string> {
  const found = new Set<string>()
  const open = [nodeId]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const { fromNodeId, toNodeId } of graph.edges) {
      if (fromNodeId !== id || found.has(toNodeId)) continue
      found.add(toNodeId)
      open.push(toNodeId)
    }
  }
  found.delete(nodeId)
  return found
}
