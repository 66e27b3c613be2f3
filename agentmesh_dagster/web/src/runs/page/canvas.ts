/** A run's graph as the canvas draws it. What has not changed stays the same object, and is not drawn again. No React. */
import { getViewportForBounds, MarkerType, Position as Side } from '@xyflow/react'
import type { Edge, Node, NodeHandle, Viewport } from '@xyflow/react'
import type { GraphEdge, GraphNode, WorkflowGraph } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { NODE_HEIGHT, NODE_WIDTH } from '../../graph/layout'
import type { Positions } from '../../graph/layout'
import { areaOf, laneByEdge } from '../../graph/loops'
import type { Area } from '../../graph/loops'
import { NEAR, placeLabels } from '../../graph/labelPlaces'
import type { LabelPlace, LabelSize } from '../../graph/labelPlaces'
import type { NodeState } from '../live/nodeStates'
import type { Turns } from './rounds'
import { labelEdges } from '../../graph/edgeLabels'
import { nodeType } from '../../types/types'
import { drawArea } from '../../ui/loopNodes'
import type { LoopCanvasNode } from '../../ui/loopNodes'
import { statusWord } from '../../ui/statusWords'

/** `mayOpen`: the graph of what it calls can be shown. */
export type RunNodeData = { node: GraphNode; state: NodeState | undefined; mayOpen: boolean }
export type RunCanvasNode = Node<RunNodeData, 'step'>
/** `label`: when the edge is taken, in a few words; '' where it always is. `aside`: where that stands. `lane`: how far
 *  down an edge that leads back runs. */
export type RunCanvasEdge = Edge<
  { edge: GraphEdge; label: string; isTaken: boolean; aside: LabelPlace; lane: number | undefined },
  'labeled'
>

export interface RunCanvas {
  nodes: RunCanvasNode[]
  edges: RunCanvasEdge[]
  /** Behind the nodes. */
  loops: LoopCanvasNode[]
}

export const FIT = { maxZoom: 1, minZoom: 0.05, padding: 0.06 }
const ON_THE_WAY_BACK = { x: 0, y: 0, width: 300 }
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
  turns: readonly Turns[]
  calls: ReadonlyMap<string, readonly string[]>
  chosenId: string | undefined
  /** Whether it is seen from afar: labels are larger then, and only those of edges that were taken are shown. */
  isFar: boolean
}

export function drawRun(drawing: Drawing, before: RunCanvas): RunCanvas {
  const { graph, positions, states, taken, turns, calls, chosenId, isFar } = drawing
  const oldNodes = new Map(before.nodes.map((node) => [node.id, node]))
  const oldEdges = new Map(before.edges.map((edge) => [edge.id, edge]))
  const labels = labelTaken(graph, taken)
  const shown = isFar ? new Map([...labels].filter(([id]) => taken.has(id))) : labels
  const loops = turns.map(({ loop }) => loop)
  const lanes = laneByEdge(loops, positions)
  const onward = graph.edges.filter((edge) => !lanes.has(edge.id))
  const asides = placeLabels(onward, shown, positions, isFar ? FAR : NEAR)
  return {
    nodes: graph.nodes.map((node) =>
      drawNode(
        { node, state: states.get(node.id), mayOpen: calls.has(node.id) },
        positions,
        node.id === chosenId,
        oldNodes.get(node.id),
      ),
    ),
    loops: turns.flatMap((turn) => drawLoop(graph, turn, areaOf(turn.loop, loops, positions)) ?? []),
    edges: graph.edges.map((edge) =>
      drawEdge(
        edge,
        labels.get(edge.id) ?? '',
        taken.has(edge.id),
        asides.get(edge.id) ?? (lanes.has(edge.id) ? ON_THE_WAY_BACK : MIDDLE),
        lanes.get(edge.id),
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
  shown: RunNodeData,
  positions: Positions,
  selected: boolean,
  old: RunCanvasNode | undefined,
): RunCanvasNode {
  const { node, state } = shown
  const position = positions.get(node.id) ?? { x: 0, y: 0 }
  const data = old && isSameData(old.data, shown) ? old.data : shown
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
    ariaLabel: `${titleOf(node)}, ${nodeType(node.type).label}, ${state?.status ? statusWord(state.status) : 'not reached'}`,
  }
}

function drawEdge(
  edge: GraphEdge,
  label: string,
  isTaken: boolean,
  aside: LabelPlace,
  lane: number | undefined,
  old: RunCanvasEdge | undefined,
): RunCanvasEdge {
  const isSame =
    old?.data?.edge === edge &&
    old.data.isTaken === isTaken &&
    old.data.lane === lane &&
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
    data: { edge, label, isTaken, aside, lane },
  }
}

function drawLoop(
  graph: WorkflowGraph,
  { loop, rounds, chosen }: Turns,
  area: Area | undefined,
): LoopCanvasNode | undefined {
  if (!area) return undefined
  const head = graph.nodes.find(({ id }) => id === loop.head)
  const played = rounds.length > 0 ? ` · round ${chosen ?? rounds.length} of ${rounds.length}` : ''
  return drawArea(loop.head, area, `Loop from ${head ? titleOf(head) : loop.head}${played}`)
}

function isSameData(one: RunNodeData, other: RunNodeData): boolean {
  return one.node === other.node && one.mayOpen === other.mayOpen && isSameState(one.state, other.state)
}

function isSameState(one: NodeState | undefined, other: NodeState | undefined): boolean {
  return (
    one === other ||
    (one?.status === other?.status &&
      one?.steps === other?.steps &&
      one?.ended === other?.ended &&
      String(one?.rounds) === String(other?.rounds))
  )
}
