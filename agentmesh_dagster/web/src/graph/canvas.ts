/** A graph as the canvas draws it, and back. The canvas adds places and a selection; the graph knows neither. */
import type { Edge as FlowEdge, Node as FlowNode } from '@xyflow/react'
import type { GraphEdge, GraphNode, Loop, WorkflowGraph } from '../api/types'
import { nodeType } from '../types/types'
import { titleOf } from './edits'
import { NODE_HEIGHT, NODE_WIDTH } from './layout'
import { laneByEdge } from './loops'
import type { Positions } from './layout'
import { labelEdges } from './edgeLabels'
import { placeLabels } from './labelPlaces'
import type { LabelPlace } from './labelPlaces'

export type CanvasNode = FlowNode<{ node: GraphNode }, 'step'>
/** `label`: when the edge is taken, in a few words; '' where it always is. `lane`: 1, 2 … for more edges between the same two. `aside`: where
 *  the label stands. `back`: how far down an edge that leads back runs. */
export type CanvasEdge = FlowEdge<
  { edge: GraphEdge; label: string; lane: number; aside: LabelPlace; back: number | undefined },
  'labeled'
>

export interface Selection {
  nodes: ReadonlySet<string>
  edges: ReadonlySet<string>
}

export interface Drawn {
  nodes: readonly CanvasNode[]
  edges: readonly CanvasEdge[]
}

export const NOTHING_SELECTED: Selection = { nodes: new Set(), edges: new Set() }
const NOTHING_DRAWN: Drawn = { nodes: [], edges: [] }
const ON_THE_WAY_BACK = { x: 0, y: 0, width: 260 }
const NOWHERE = { x: 0, y: 0, width: 40 } // as a place of a label: room for the sign of an issue

/** Nodes and edges for the canvas; what has not changed stays the same object, so that it is not drawn again. */
export function toCanvas(
  graph: WorkflowGraph,
  positions: Positions,
  before: Drawn = NOTHING_DRAWN,
  selection: Selection = NOTHING_SELECTED,
  loops: readonly Loop[] = [],
): { nodes: CanvasNode[]; edges: CanvasEdge[] } {
  const oldNodes = new Map(before.nodes.map((node) => [node.id, node]))
  const oldEdges = new Map(before.edges.map((edge) => [edge.id, edge]))
  const titles = new Map(graph.nodes.map((node) => [node.id, titleOf(node)]))
  const labels = labelEdges(graph)
  const backs = laneByEdge(loops, positions)
  const onward = graph.edges.filter(({ maxRounds }) => maxRounds === undefined)
  const asides = placeLabels(onward, labels, positions)
  const lanes = new Map<string, number>()
  return {
    nodes: graph.nodes.map((node) => {
      const position = positions.get(node.id) ?? NOWHERE
      return drawNode(node, position, selection.nodes.has(node.id), oldNodes.get(node.id))
    }),
    edges: graph.edges.map((edge) => {
      const ends = JSON.stringify([edge.fromNodeId, edge.toNodeId])
      const lane = lanes.get(ends) ?? 0
      lanes.set(ends, lane + 1)
      const label = labels.get(edge.id) ?? ''
      const spoken = speakEdge(edge, titles, label)
      return drawEdge(
        edge,
        label,
        lane,
        asides.get(edge.id) ?? (edge.maxRounds === undefined ? NOWHERE : ON_THE_WAY_BACK),
        backs.get(edge.id) ?? provisionalLane(edge, positions),
        spoken,
        selection.edges.has(edge.id),
        oldEdges.get(edge.id),
      )
    }),
  }
}

/** The graph that the canvas shows; for an edge that was drawn there, `data` is made with it. */
export function fromCanvas(canvas: Drawn): WorkflowGraph {
  return {
    nodes: canvas.nodes.map(({ data }) => data.node),
    edges: canvas.edges.map(
      ({ id, source, target, data }) => data?.edge ?? { id, fromNodeId: source, toNodeId: target },
    ),
  }
}

function drawNode(
  node: GraphNode,
  position: { x: number; y: number },
  selected: boolean,
  old: CanvasNode | undefined,
): CanvasNode {
  const isSame =
    old?.data.node === node &&
    old.position.x === position.x &&
    old.position.y === position.y &&
    (old.selected ?? false) === selected
  if (isSame) return old
  return {
    ...old,
    id: node.id,
    type: 'step',
    position,
    selected,
    ariaLabel: `${nodeType(node.type).label}: ${titleOf(node)}`,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    data: old?.data.node === node ? old.data : { node },
  }
}

function drawEdge(
  edge: GraphEdge,
  label: string,
  lane: number,
  aside: LabelPlace,
  back: number | undefined,
  ariaLabel: string,
  selected: boolean,
  old: CanvasEdge | undefined,
): CanvasEdge {
  const isSameData =
    old?.data?.edge === edge &&
    old.data.label === label &&
    old.data.lane === lane &&
    old.data.back === back &&
    isSamePlace(old.data.aside, aside)
  if (isSameData && old.ariaLabel === ariaLabel && (old.selected ?? false) === selected) return old
  return {
    ...old,
    id: edge.id,
    type: 'labeled',
    source: edge.fromNodeId,
    target: edge.toNodeId,
    selected,
    ariaLabel,
    data: isSameData && old.data ? old.data : { edge, label, lane, aside, back },
  }
}

/** Where an edge back runs until the server has said what its loop is. */
function provisionalLane(edge: GraphEdge, positions: Positions): number | undefined {
  if (edge.maxRounds === undefined) return undefined
  const ends = [positions.get(edge.fromNodeId)?.y ?? 0, positions.get(edge.toNodeId)?.y ?? 0]
  return Math.max(...ends) + NODE_HEIGHT + 30
}

function isSamePlace(one: LabelPlace, other: LabelPlace): boolean {
  return one.x === other.x && one.y === other.y && one.width === other.width
}

function speakEdge(edge: GraphEdge, titles: ReadonlyMap<string, string>, label: string): string {
  const ends = `From ${titles.get(edge.fromNodeId) ?? edge.fromNodeId} to ${titles.get(edge.toNodeId) ?? edge.toNodeId}`
  return label ? `${ends}: ${label}` : ends
}
