/** Where the labels of edges stand: on their edge, clear of nodes and of each other. */
import type { GraphEdge } from '../api/types'
import { NODE_HEIGHT, NODE_WIDTH } from './layout'
import type { Position, Positions } from './layout'

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

const LETTER = 6.7
const WIDEST = 150
const HEIGHT = 24
const GAP = 4
const ALONG = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88]
const ASIDE = [0, -26, 26, -52, 52, -78, 78]

/** Edge id → how far its label stands from the middle of the edge. An edge without a label has no entry. */
export function placeLabels(
  edges: readonly GraphEdge[],
  labels: ReadonlyMap<string, string>,
  positions: Positions,
): Map<string, Position> {
  const taken: Box[] = [...positions.values()].map(({ x, y }) => ({
    left: x,
    top: y,
    right: x + NODE_WIDTH,
    bottom: y + NODE_HEIGHT,
  }))
  const places = new Map<string, Position>()
  for (const edge of edges) {
    const label = labels.get(edge.id)
    const from = positions.get(edge.fromNodeId)
    const to = positions.get(edge.toNodeId)
    if (!label || !from || !to) continue
    const curve = curveBetween(from, to)
    const width = Math.min(label.length * LETTER + 16, WIDEST)
    const middle = curve(0.5)
    const place = findFree(curve, width, taken) ?? middle
    taken.push(boxAround(place, width))
    places.set(edge.id, { x: place.x - middle.x, y: place.y - middle.y })
  }
  return places
}

function findFree(curve: (share: number) => Position, width: number, taken: readonly Box[]) {
  for (const aside of ASIDE) {
    for (const share of ALONG) {
      const { x, y } = curve(share)
      const box = boxAround({ x, y: y + aside }, width)
      if (!taken.some((other) => isOver(box, other))) return { x, y: y + aside }
    }
  }
  return undefined
}

function boxAround({ x, y }: Position, width: number): Box {
  return { left: x - width / 2, top: y - HEIGHT / 2, right: x + width / 2, bottom: y + HEIGHT / 2 }
}

function isOver(box: Box, other: Box): boolean {
  return (
    box.left < other.right + GAP &&
    other.left < box.right + GAP &&
    box.top < other.bottom + GAP &&
    other.top < box.bottom + GAP
  )
}

/** The curve that the canvas draws from the right side of a node to the left side of another. */
function curveBetween(from: Position, to: Position): (share: number) => Position {
  const start = { x: from.x + NODE_WIDTH, y: from.y + NODE_HEIGHT / 2 }
  const end = { x: to.x, y: to.y + NODE_HEIGHT / 2 }
  const apart = end.x - start.x
  const reach = apart >= 0 ? apart / 2 : 0.25 * 25 * Math.sqrt(-apart)
  return (share) => {
    const rest = 1 - share
    const [a, b, c, d] = [rest ** 3, 3 * rest ** 2 * share, 3 * rest * share ** 2, share ** 3]
    return {
      x: a * start.x + b * (start.x + reach) + c * (end.x - reach) + d * end.x,
      y: a * start.y + b * start.y + c * end.y + d * end.y,
    }
  }
}
