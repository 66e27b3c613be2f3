/** A run's graph as the canvas draws it. What has not changed stays the same object, and is not drawn again. No React. */
import { getViewportForBounds, MarkerType, Position as Side } from '@xyflow/react'
import type { Edge, Node, NodeHandle, Viewport } from '@xyflow/react'
import type { GraphEdge, GraphNode, WorkflowGraph } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { NODE_HEIGHT, NODE_WIDTH } from '../../graph/layout'
import type { Positions } from '../../graph/layout'
import { NEAR, placeLabels } from '../../graph/labelPlaces'
import type { LabelPlace, LabelSize } from '../../graph/labelPlaces'
import type { NodeState } from '../live/nodeStates'
import { labelEdges } from '../../graph/edgeLabels'
import { nodeType } from '../../types/types'
import { statusWord } from '../../ui/statusWords'

export type RunNodeData = { node: GraphNode; state: NodeState | undefined }
export type RunCanvasNode = Node<RunNodeData, 'step'>
/** `label`: when the edge is taken, in a few words; '' where it always is. `aside`: where that stands. */
export type RunCanvasEdge = Edge<
  { edge: GraphEdge; label: string; isTaken: boolean; aside: LabelPlace },
  'labeled'
>

export interface RunCanvas {
  nodes: RunCanvasNode[]
  edges: RunCanvasEdge[]
}

export const FIT = { maxZoom: 1, minZoom: 0.05, padding: 0.06 }
const MIDDLE = { x: 0, y: 0, width: NEAR.widest }
const FAR: LabelSize = { letter: 12.1, height: 30, widest: 300 } // as RunGraph.css draws them from afar
const LEAST_ZOOM = 0.25 // below that nobody can read a node
const CLOSE_ZOOM = 0.7

// Told beforehand, so that nodes out of sight need not be drawn to be measured.
const HANDLES: NodeHandle[] = [
  { type: 'target', position: Side.Left, x: -3, y: NODE_HEIGHT / 2 - 3, width: 7, height: 7 },
  {
    type: 'source',
    position: Side.Right,
    x: NODE_WIDTH - 4,
    y: NODE_HEIGHT / 2 - 3,
    width: 7,
    height: 7,
  },
]

export interface Drawing {
  graph: WorkflowGraph
  positions: Positions
  states: ReadonlyMap<string, NodeState>
  taken: ReadonlySet<string>
  chosenId: string | undefined
  /** Whether it is seen from afar: labels are larger then, and only those of edges that were taken are shown. */
  isFar: boolean
}

export function drawRun(drawing: Drawing, before: RunCanvas): RunCanvas {
  const { graph, positions, states, taken, chosenId, isFar } = drawing
  const oldNodes = new Map(before.nodes.map((node) => [node.id, node]))
  const oldEdges = new Map(before.edges.map((edge) => [edge.id, edge]))
  const labels = labelTaken(graph, taken)
  const shown = isFar ? new Map([...labels].filter(([id]) => taken.has(id))) : labels
  const asides = placeLabels(graph.edges, shown, positions, isFar ? FAR : NEAR)
  return {
    nodes: graph.nodes.map((node) =>
      drawNode(node, positions, states.get(node.id), node.id === chosenId, oldNodes.get(node.id)),
    ),
    edges: graph.edges.map((edge) =>
      drawEdge(
        edge,
        labels.get(edge.id) ?? '',
        taken.has(edge.id),
        asides.get(edge.id) ?? MIDDLE,
        oldEdges.get(edge.id),
      ),
    ),
  }
}

/** The labels of edges: which branch comes first is no matter once one of them was taken. */
function labelTaken(graph: WorkflowGraph, taken: ReadonlySet<string>): Map<string, string> {
  return new Map(
    [...labelEdges(graph)].map(([id, label]) => [
      id,
      `${taken.has(id) ? '✓ ' : ''}${label.replace(/^\d+\. /, '')}`,
    ]),
  )
}

/** What is seen at first: all of a small graph; of a large one the part where something happens, or else its start. */
export function firstViewport(nodes: readonly RunCanvasNode[], width: number, height: number): Viewport {
  const [xs, ys] = [nodes.map(({ position }) => position.x), nodes.map(({ position }) => position.y)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  const bounds = { x, y, width: Math.max(...xs) - x + NODE_WIDTH, height: Math.max(...ys) - y + NODE_HEIGHT }
  const whole = getViewportForBounds(bounds, width, height, FIT.minZoom, FIT.maxZoom, FIT.padding)
  const first = nodes.find(({ selected }) => selected) ?? nodes.find(isNotable) ?? nodes[0]
  if (whole.zoom >= LEAST_ZOOM || first === undefined) return whole
  const { position } = first
  return {
    x: width / 4 - position.x * CLOSE_ZOOM,
    y: height / 2 - (position.y + NODE_HEIGHT / 2) * CLOSE_ZOOM,
    zoom: CLOSE_ZOOM,
  }
}

function isNotable({ data: { state } }: RunCanvasNode): boolean {
  return (
    state?.status === 'failed' ||
    state?.status === 'waiting_human' ||
    state?.status === 'waiting' ||
    state?.status === 'running'
  )
}

function drawNode(
  node: GraphNode,
  positions: Positions,
  state: NodeState | undefined,
  selected: boolean,
  old: RunCanvasNode | undefined,
): RunCanvasNode {
  const position = positions.get(node.id) ?? { x: 0, y: 0 }
  const data = old?.data.node === node && isSameState(old.data.state, state) ? old.data : { node, state }
  if (
    old?.data === data &&
    old.selected === selected &&
    old.position.x === position.x &&
    old.position.y === position.y
  ) {
    return old
  }
  return {
    id: node.id,
    type: 'step',
    position,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    handles: HANDLES,
    selected,
    data,
    ariaLabel: `${titleOf(node)}, ${nodeType(node.type).label}, ${state ? statusWord(state.status) : 'not reached'}`,
  }
}

function drawEdge(
  edge: GraphEdge,
  label: string,
  isTaken: boolean,
  aside: LabelPlace,
  old: RunCanvasEdge | undefined,
): RunCanvasEdge {
  const isSame =
    old?.data?.edge === edge &&
    old.data.isTaken === isTaken &&
    old.data.aside.x === aside.x &&
    old.data.aside.y === aside.y &&
    old.data.aside.width === aside.width
  if (isSame) return old
  const size = isTaken ? 12 : 18 // times the width of the line
  return {
    id: edge.id,
    type: 'labeled',
    source: edge.fromNodeId,
    target: edge.toNodeId,
    markerEnd: { type: MarkerType.ArrowClosed, width: size, height: size },
    data: { edge, label, isTaken, aside },
  }
}

function isSameState(one: NodeState | undefined, other: NodeState | undefined): boolean {
  return (
    one === other ||
    (one?.status === other?.status && one?.steps === other?.steps && one?.ended === other?.ended)
  )
}
