/** A quick layout for large graphs, in which the careful one takes a second and more: layers from left to right, each
 *  in the order of what stands before it. No React. */
import type { WorkflowGraph } from '../../api/types'
import { completePositions, layOut, NODE_HEIGHT, NODE_WIDTH } from '../../graph/layout'
import type { Position, Positions } from '../../graph/layout'

const LARGE = 80 // nodes
const ACROSS = NODE_WIDTH + 72
const DOWN = NODE_HEIGHT + 28

/** Places for all nodes: those that the document says stay. */
export function placeNodes(graph: WorkflowGraph, known: Positions): Positions {
  if (known.size > 0) return completePositions(graph, known)
  return graph.nodes.length > LARGE ? layOutQuickly(graph) : layOut(graph)
}

export function layOutQuickly(graph: WorkflowGraph): Positions {
  const before = new Map<string, string[]>(graph.nodes.map((node) => [node.id, []]))
  for (const { fromNodeId, toNodeId, maxRounds } of graph.edges) {
    if (maxRounds === undefined && before.has(fromNodeId)) before.get(toNodeId)?.push(fromNodeId)
  }
  const layers: string[][] = []
  for (const [id, layer] of rankNodes(before)) (layers[layer] ??= []).push(id)
  const places = new Map<string, Position>()
  for (const [layer, ids = []] of layers.entries()) {
    const wanted = new Map(ids.map((id) => [id, middleOf(before.get(id) ?? [], places)]))
    const sorted = ids.toSorted((one, other) => (wanted.get(one) ?? 0) - (wanted.get(other) ?? 0))
    const top = (-(sorted.length - 1) / 2) * DOWN
    for (const [at, id] of sorted.entries()) places.set(id, { x: layer * ACROSS, y: top + at * DOWN })
  }
  return places
}

/** The length of the longest way to each node. A node that stands before itself is taken as it comes. */
function rankNodes(before: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>()
  const open = new Set<string>()
  for (const first of before.keys()) {
    const stack = [first]
    for (let id = stack.at(-1); id !== undefined; id = stack.at(-1)) {
      open.add(id)
      const left = (before.get(id) ?? []).filter((one) => !ranks.has(one) && !open.has(one))
      if (left.length > 0) {
        stack.push(...left)
        continue
      }
      ranks.set(id, Math.max(-1, ...(before.get(id) ?? []).map((one) => ranks.get(one) ?? -1)) + 1)
      open.delete(id)
      stack.pop()
    }
  }
  return ranks
}

function middleOf(ids: readonly string[], places: Positions): number {
  if (ids.length === 0) return 0
  return ids.reduce((sum, id) => sum + (places.get(id)?.y ?? 0), 0) / ids.length
}
