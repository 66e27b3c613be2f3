/** Going through a graph by arrow keys. */
import type { WorkflowGraph } from '../api/types'
import type { Position, Positions } from './layout'

export type Direction = 'ArrowRight' | 'ArrowLeft' | 'ArrowUp' | 'ArrowDown'

const ASIDE = 2 // how much more a step to the side counts than one ahead

/** The node that one comes to from a node: along an edge to the right and left, else the nearest in that direction. */
export function walk(
  graph: WorkflowGraph,
  positions: Positions,
  fromId: string,
  direction: Direction,
): string | undefined {
  const from = positions.get(fromId)
  if (!from) return graph.nodes[0]?.id
  const along = graph.edges.flatMap((edge) => {
    if (direction === 'ArrowRight' && edge.fromNodeId === fromId) return [edge.toNodeId]
    return direction === 'ArrowLeft' && edge.toNodeId === fromId ? [edge.fromNodeId] : []
  })
  const all = graph.nodes.map(({ id }) => id).filter((id) => id !== fromId)
  const ahead = all.filter((id) => measure(from, positions.get(id), direction) < Infinity)
  const near = (ids: readonly string[]) =>
    ids.toSorted(
      (one, other) =>
        measure(from, positions.get(one), direction) - measure(from, positions.get(other), direction),
    )[0]
  return near(along) ?? near(ahead)
}

/** How far a place is in a direction; Infinity when it is not there. */
function measure(from: Position, to: Position | undefined, direction: Direction): number {
  if (!to) return Infinity
  const isAcross = direction === 'ArrowRight' || direction === 'ArrowLeft'
  const sign = direction === 'ArrowRight' || direction === 'ArrowDown' ? 1 : -1
  const ahead = sign * (isAcross ? to.x - from.x : to.y - from.y)
  const aside = Math.abs(isAcross ? to.y - from.y : to.x - from.x)
  return ahead > 0 ? ahead + ASIDE * aside : Infinity
}
