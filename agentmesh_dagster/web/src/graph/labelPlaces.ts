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

/** Where a label stands: how far from the middle of its edge, and how wide it may be. */
export interface LabelPlace extends Position {
  width: number
}

/** How large labels are drawn. */
export interface LabelSize {
  letter: number
  height: number
  widest: number
}

export const NEAR: LabelSize = { letter: 6.7, height: 24, widest: 200 }
const PADDING = 16 // of a label, both sides
const LEAST_SHARE = 0.75 // of a label that stays on its edge: one of which less could be read goes beside it
const GAP = 4
const ALONG = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88]
const ASIDE = [0, -26, 26, -52, 52, -78, 78]

/** Edge id → where its label stands. An edge without a label has no entry. */
export function placeLabels(
  edges: readonly GraphEdge[],
  labels: ReadonlyMap<string, string>,
  positions: Positions,
  size = NEAR,
): Map<string, LabelPlace> {
  const taken: Box[] = [...positions.values()].map(({ x, y }) => ({
    left: x,
    top: y,
    right: x + NODE_WIDTH,
    bottom: y + NODE_HEIGHT,
  }))
  const places = new Map<string, LabelPlace>()
  for (const edge of edges) {
    const label = labels.get(edge.id)
    const from = positions.get(edge.fromNodeId)
    const to = positions.get(edge.toNodeId)
    if (!label || !from || !to) continue
    const curve = curveBetween(from, to)
    const width = Math.min(label.length * size.letter + PADDING, size.widest)
    const middle = curve(0.5)
    const between = to.x - from.x - NODE_WIDTH - 2 * GAP - 1
    const shorter = Math.min(width, Math.max(between, LEAST_SHARE * width))
    const place = findFree(curve, [width, shorter], size.height, taken) ?? { ...middle, width: shorter }
    taken.push(boxAround(place, place.width, size.height))
    places.set(edge.id, { x: place.x - middle.x, y: place.y - middle.y, width: place.width })
  }
  return places
}

/** The first place that is free: on the edge, there a little shorter, and then beside it. */
function findFree(
  curve: (share: number) => Position,
  widths: readonly number[],
  height: number,
  taken: readonly Box[],
): LabelPlace | undefined {
  for (const aside of ASIDE) {
    for (const width of widths) {
      for (const share of ALONG) {
        const { x, y } = curve(share)
        const box = boxAround({ x, y: y + aside }, width, height)
        if (!taken.some((other) => isOver(box, other))) return { x, y: y + aside, width }
      }
    }
  }
  return undefined
}

function boxAround({ x, y }: Position, width: number, height: number): Box {
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 }
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
