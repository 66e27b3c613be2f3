/** Ids of nodes and edges: short, readable, unique in their graph. */
import type { NodeType, WorkflowGraph } from '../api/types'
import { nodeType } from '../types/types'

export function newNodeId(graph: WorkflowGraph, type: NodeType): string {
  return firstFree(nodeType(type).stem, new Set(graph.nodes.map((node) => node.id)))
}

export function newEdgeId(graph: WorkflowGraph): string {
  const used = new Set(graph.edges.map((edge) => edge.id))
  let number = graph.edges.length + 1
  while (used.has(`e${number}`)) number += 1
  return `e${number}`
}

/** `stem`, else `stem_2`, `stem_3` …; a number that the stem ends in is counted on. */
export function firstFree(stem: string, used: ReadonlySet<string>): string {
  if (!used.has(stem)) return stem
  const bare = stem.replace(/_\d+$/, '')
  let number = 2
  while (used.has(`${bare}_${number}`)) number += 1
  return `${bare}_${number}`
}
