/** When each edge is taken, in the words that the canvas shows. */
import type { GraphEdge, GraphNode, WorkflowGraph } from '../api/types'
import { labelBack } from './loops'
import { edgesOf, nodeType } from '../types/types'

/** Edge id → when it is taken; an edge that is always taken has no entry. */
export function labelEdges(graph: WorkflowGraph): Map<string, string> {
  const choosing = new Map(
    graph.nodes.filter((node) => nodeType(node.type).mayChoose).map((node) => [node.id, node]),
  )
  const siblings = new Map<string, GraphEdge[]>()
  for (const edge of graph.edges) {
    if (choosing.has(edge.fromNodeId) && !mayCatch(edge))
      siblings.set(edge.fromNodeId, [...(siblings.get(edge.fromNodeId) ?? []), edge])
  }
  const labels = new Map<string, string>()
  for (const edge of graph.edges) {
    if (!mayCatch(edge)) continue
    const when = edge.on === 'error' ? 'on error' : 'always'
    labels.set(edge.id, edge.condition === undefined ? when : `${when}: ${shorten(edge.condition)}`)
  }
  for (const [id, edges] of siblings) {
    const node = choosing.get(id)
    if (!node) continue
    const asked = edges.filter((edge) => edge.condition !== undefined)
    for (const edge of edges) {
      const label = labelEdge(node, edge, asked)
      if (label) labels.set(edge.id, label)
    }
  }
  for (const edge of graph.edges) {
    const back = labelBack(edge)
    if (back) labels.set(edge.id, [labels.get(edge.id), back].filter(Boolean).join(': '))
  }
  return labels
}

/** Whether an edge may be followed when its source has failed. */
export function mayCatch({ on }: GraphEdge): boolean {
  return on === 'error' || on === 'always'
}

function labelEdge(node: GraphNode, edge: GraphEdge, asked: readonly GraphEdge[]): string {
  const { ports, otherwise, isNumbered } = edgesOf(node)
  if (edge.condition === undefined) return ports === 'choice_if_asked' && asked.length === 0 ? '' : otherwise
  const condition = shorten(edge.condition)
  const { subject } = nodeType(node.type)
  if (subject !== undefined && node.config[subject] !== undefined && isNumbered) return `= ${condition}`
  return isNumbered && asked.length > 1 ? `${asked.indexOf(edge) + 1}. ${condition}` : condition
}

/** Without what nearly every condition begins with: the room on an edge is short. */
function shorten(condition: string): string {
  return condition.replace(/\bcontext\.(?:last_output\.|outputs\.)?(?=\w)/g, '').replace(/\s+/g, ' ')
}
