/** Which nodes stand before a node: those whose outputs its expressions may name. */
import type { GraphNode, WorkflowGraph } from '../api/types'
import { edgesOf } from '../types/types'

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

export function parentsOf(graph: WorkflowGraph, nodeId: string): GraphNode[] {
  const ids = new Set(graph.edges.filter((edge) => edge.toNodeId === nodeId).map((edge) => edge.fromNodeId))
  return graph.nodes.filter((node) => ids.has(node.id))
}

/** Whether something before the node is repeated for each item of a list: then `context.item` may be there. */
export function isBehindEach(graph: WorkflowGraph, nodeId: string): boolean {
  return ancestorsOf(graph, nodeId).some((node) => edgesOf(node).ports === 'items')
}
