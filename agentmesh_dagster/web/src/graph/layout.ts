/** Where nodes stand that the document gives no place. */
import { graphlib, layout } from '@dagrejs/dagre'
import type { WorkflowGraph } from '../api/types'
import { labelEdges } from './edgeLabels'

export interface Position {
  x: number
  y: number
}
export type Positions = ReadonlyMap<string, Position>

export const NODE_WIDTH = 208
export const NODE_HEIGHT = 64
const LETTER = 10 // the width of one in a label, seen from afar, and of the widest label
const LONGEST_LABEL = 240
const BETWEEN_RANKS = 60
const BETWEEN_NODES = 28

/** Places for all nodes from left to right, in the order in which they run. */
export function layOut(graph: WorkflowGraph): Positions {
  const drawing = new graphlib.Graph({ multigraph: true })
  drawing.setGraph({ rankdir: 'LR', ranksep: BETWEEN_RANKS, nodesep: BETWEEN_NODES })
  drawing.setDefaultEdgeLabel(() => ({}))
  const ids = new Set(graph.nodes.map((node) => node.id))
  const labels = labelEdges(graph)
  for (const id of ids) drawing.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT })
  for (const edge of graph.edges) {
    // An edge that leads back is drawn around what lies between, and says nothing of the order.
    if (ids.has(edge.fromNodeId) && ids.has(edge.toNodeId) && edge.maxRounds === undefined) {
      const label = labels.get(edge.id)
      const room = label
        ? { width: Math.min(label.length * LETTER, LONGEST_LABEL) + 24, height: 22, labelpos: 'c' }
        : {}
      drawing.setEdge(edge.fromNodeId, edge.toNodeId, room, edge.id)
    }
  }
  layout(drawing)
  // Dagre gives middles, and puts what comes first at the bottom: the edge that is tried first belongs on top.
  const lowest = Math.max(0, ...graph.nodes.map((node) => (drawing.node(node.id) as Position).y))
  return new Map(
    graph.nodes.map((node) => {
      const { x, y } = drawing.node(node.id) as Position
      return [node.id, { x: Math.round(x - NODE_WIDTH / 2), y: Math.round(lowest - y) }]
    }),
  )
}

/** Places for all nodes: known ones stay, the others are put where the layout has them, clear of what is there. */
export function completePositions(graph: WorkflowGraph, known: Positions): Positions {
  if (graph.nodes.every((node) => known.has(node.id))) return known
  const laidOut = layOut(graph)
  const positions = new Map<string, Position>()
  for (const node of graph.nodes) {
    const position = known.get(node.id)
    if (position) positions.set(node.id, position)
  }
  for (const node of graph.nodes) {
    if (!positions.has(node.id))
      positions.set(node.id, findRoom(laidOut.get(node.id) ?? { x: 0, y: 0 }, positions))
  }
  return positions
}

/** Where nodes go so that none of them begins left of `least`: all move right by the same, or none does. */
export function makeRoom(positions: Positions, behind: ReadonlySet<string>, least: number): Positions {
  const nearest = Math.min(...[...behind].map((id) => positions.get(id)?.x ?? Infinity))
  const by = least - nearest
  if (!(by > 0) || !Number.isFinite(by)) return new Map()
  return new Map(
    [...positions].filter(([id]) => behind.has(id)).map(([id, { x, y }]) => [id, { x: x + by, y }]),
  )
}

/** The place itself, or the nearest one below it where no node stands. */
export function findRoom(wanted: Position, taken: Positions): Position {
  let { y } = wanted
  const isTaken = () =>
    [...taken.values()].some(
      (other) => Math.abs(other.x - wanted.x) < NODE_WIDTH && Math.abs(other.y - y) < NODE_HEIGHT,
    )
  while (isTaken()) y += NODE_HEIGHT + BETWEEN_NODES
  return { x: wanted.x, y }
}
