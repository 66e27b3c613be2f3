/** Edits of a graph, each a pure function: the graph before is never changed. */
import type { GraphEdge, GraphNode, JsonObject, NodeType, WorkflowGraph } from '../api/types'
import { nodeType, nodeTypes } from '../types/types'
import { newEdgeId, newNodeId } from './ids'
import { renameInEdge, renameInNode } from './references'

export const EMPTY_GRAPH: WorkflowGraph = { nodes: [], edges: [] }

/** What a new workflow starts with: its first node, its last, and an edge. */
export function firstGraph(): WorkflowGraph {
  const nodes = (['start', 'end'] as const).flatMap((place) => {
    const info = nodeTypes().find((one) => one.place === place)
    return info ? [{ id: info.stem, type: info.type, label: info.label, config: {} }] : []
  })
  const [first, last] = nodes
  return { nodes, edges: first && last ? [{ id: 'e1', fromNodeId: first.id, toNodeId: last.id }] : [] }
}

export function findNode(graph: WorkflowGraph, id: string): GraphNode | undefined {
  return graph.nodes.find((node) => node.id === id)
}

export function titleOf(node: GraphNode): string {
  return node.label || node.id
}

export function addNode(
  graph: WorkflowGraph,
  type: NodeType,
  more: Partial<Omit<GraphNode, 'id' | 'type'>> = {},
): { graph: WorkflowGraph; node: GraphNode } {
  const node: GraphNode = { id: newNodeId(graph, type), type, label: '', config: {}, ...more }
  return { graph: { ...graph, nodes: [...graph.nodes, node] }, node }
}

export function changeNode(
  graph: WorkflowGraph,
  id: string,
  change: Partial<Omit<GraphNode, 'id'>>,
): WorkflowGraph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)) }
}

/** Sets fields of a node's config; undefined takes a field away. */
export function changeConfig(
  graph: WorkflowGraph,
  id: string,
  fields: Readonly<Record<string, JsonObject[string] | undefined>>,
): WorkflowGraph {
  const node = findNode(graph, id)
  if (!node) return graph
  const kept = Object.entries({ ...node.config, ...fields }).filter(([, value]) => value !== undefined)
  return changeNode(graph, id, { config: Object.fromEntries(kept) as JsonObject })
}

/** Gives a node another id, and every expression that names it too. Unchanged where the id is taken or empty. */
export function renameNode(graph: WorkflowGraph, id: string, newId: string): WorkflowGraph {
  if (id === newId || newId.trim() === '' || findNode(graph, newId)) return graph
  const renamed = new Map([[id, newId]])
  const follow = (nodeId: string) => (nodeId === id ? newId : nodeId)
  return {
    nodes: graph.nodes.map((node) => renameInNode({ ...node, id: follow(node.id) }, renamed)),
    edges: graph.edges.map((edge) =>
      renameInEdge(
        { ...edge, fromNodeId: follow(edge.fromNodeId), toNodeId: follow(edge.toNodeId) },
        renamed,
      ),
    ),
  }
}

/** Takes nodes and edges away, and the edges that would hang in the air. */
export function remove(
  graph: WorkflowGraph,
  ids: { nodes?: Iterable<string>; edges?: Iterable<string> },
): WorkflowGraph {
  const nodes = new Set(ids.nodes)
  const edges = new Set(ids.edges)
  return {
    nodes: graph.nodes.filter((node) => !nodes.has(node.id)),
    edges: graph.edges.filter(
      (edge) => !edges.has(edge.id) && !nodes.has(edge.fromNodeId) && !nodes.has(edge.toNodeId),
    ),
  }
}

export const FIRST_MAX_ROUNDS = 10

/** Whether an edge may be drawn: not into a start, not out of an end, not onto itself. */
export function mayConnect(graph: WorkflowGraph, fromNodeId: string, toNodeId: string): boolean {
  const from = findNode(graph, fromNodeId)
  const to = findNode(graph, toNodeId)
  if (!from || !to || from.id === to.id) return false
  if (nodeType(from.type).place === 'end' || nodeType(to.type).place === 'start') return false
  return true
}

/** Whether an edge between two nodes would lead back, to one that stands before: then it makes a loop. */
export function leadsBack(graph: WorkflowGraph, fromNodeId: string, toNodeId: string): boolean {
  return isReachable(graph, toNodeId, fromNodeId)
}

/** Adds an edge where there may be one. Only where conditions choose there may be two edges to the same node. */
export function connect(
  graph: WorkflowGraph,
  fromNodeId: string,
  toNodeId: string,
): { graph: WorkflowGraph; edge: GraphEdge | undefined } {
  const isDouble = graph.edges.some((edge) => edge.fromNodeId === fromNodeId && edge.toNodeId === toNodeId)
  const from = findNode(graph, fromNodeId)
  const mayChoose = from !== undefined && nodeType(from.type).mayChoose
  if (!mayConnect(graph, fromNodeId, toNodeId) || (isDouble && !mayChoose)) return { graph, edge: undefined }
  const isBack = leadsBack(graph, fromNodeId, toNodeId)
  const edge: GraphEdge = {
    id: newEdgeId(graph),
    fromNodeId,
    toNodeId,
    ...(isBack && { maxRounds: FIRST_MAX_ROUNDS }),
  }
  return { graph: { ...graph, edges: [...graph.edges, edge] }, edge }
}

/** Leads an edge elsewhere, or from elsewhere, where there may be such an edge; it keeps its condition and its turn. */
export function reconnect(
  graph: WorkflowGraph,
  edgeId: string,
  fromNodeId: string,
  toNodeId: string,
): WorkflowGraph {
  const others = { ...graph, edges: graph.edges.filter((edge) => edge.id !== edgeId) }
  const drawn = connect(others, fromNodeId, toNodeId).edge
  if (!drawn) return graph
  const rounds = (edge: GraphEdge) => drawn.maxRounds && (edge.maxRounds ?? drawn.maxRounds)
  return {
    ...graph,
    edges: graph.edges.map((edge) =>
      edge.id === edgeId ? withMaxRounds({ ...edge, fromNodeId, toNodeId }, rounds(edge)) : edge,
    ),
  }
}

/** Puts a node onto an edge: what led to the edge's end leads to the node, and the node leads on. */
export function splitEdge(graph: WorkflowGraph, edgeId: string, nodeId: string): WorkflowGraph {
  const edge = graph.edges.find((one) => one.id === edgeId)
  if (!edge || !mayConnect(graph, edge.fromNodeId, nodeId) || !mayConnect(graph, nodeId, edge.toNodeId))
    return graph
  const edges = graph.edges.map((one) =>
    one.id === edgeId ? withMaxRounds({ ...one, toNodeId: nodeId }, undefined) : one,
  )
  const { graph: split, edge: second } = connect({ ...graph, edges }, nodeId, edge.toNodeId)
  // Of an edge that leads back the second part does.
  return second?.maxRounds && edge.maxRounds ? setMaxRounds(split, second.id, edge.maxRounds) : split
}

/** How often the loop of an edge that leads back is played at most, the first round included. */
export function setMaxRounds(
  graph: WorkflowGraph,
  edgeId: string,
  maxRounds: number | undefined,
): WorkflowGraph {
  return {
    ...graph,
    edges: graph.edges.map((edge) => (edge.id === edgeId ? withMaxRounds(edge, maxRounds) : edge)),
  }
}

function withMaxRounds(edge: GraphEdge, maxRounds: number | undefined): GraphEdge {
  const { maxRounds: _, ...bare } = edge
  return maxRounds === undefined ? bare : { ...bare, maxRounds }
}

/** The edge onto which a new node goes: the only one that leaves the node, where it leads on without a choice; without
 *  a node the only one that leads to the only end. */
export function findEdgeToSplit(graph: WorkflowGraph, nodeId?: string): GraphEdge | undefined {
  const ends = graph.nodes.filter((node) => nodeType(node.type).place === 'end')
  const near = graph.edges.filter((edge) =>
    nodeId === undefined ? ends.length === 1 && edge.toNodeId === ends[0]?.id : edge.fromNodeId === nodeId,
  )
  const [edge] = near
  const from = edge && findNode(graph, edge.fromNodeId)
  return near.length === 1 && from && !nodeType(from.type).mayChoose ? edge : undefined
}

/** Sets the condition of an edge; an empty one makes it the default edge. */
export function setCondition(graph: WorkflowGraph, edgeId: string, condition: string): WorkflowGraph {
  return {
    ...graph,
    edges: graph.edges.map((edge) => {
      if (edge.id !== edgeId) return edge
      const { condition: _, ...bare } = edge
      return condition.trim() === '' ? bare : { ...bare, condition }
    }),
  }
}

/** Says after which end of its source an edge is followed. */
export function setOn(
  graph: WorkflowGraph,
  edgeId: string,
  on: 'success' | 'error' | 'always',
): WorkflowGraph {
  return {
    ...graph,
    edges: graph.edges.map((edge) => {
      if (edge.id !== edgeId) return edge
      const { on: _, ...bare } = edge
      return on === 'success' ? bare : { ...bare, on }
    }),
  }
}

/** Moves an out-edge among its siblings: branches try their edges in this order. `by` is -1 or 1. */
export function moveEdge(graph: WorkflowGraph, edgeId: string, by: -1 | 1): WorkflowGraph {
  const edges = [...graph.edges]
  const at = edges.findIndex((edge) => edge.id === edgeId)
  const moved = edges[at]
  if (!moved) return graph
  let other = at + by
  while (edges[other] && edges[other]?.fromNodeId !== moved.fromNodeId) other += by
  const sibling = edges[other]
  if (!sibling) return graph
  edges[at] = sibling
  edges[other] = moved
  return { ...graph, edges }
}

/** Edges that lead back are no way on. */
function isReachable(graph: WorkflowGraph, fromId: string, toId: string): boolean {
  const seen = new Set<string>()
  const open = [fromId]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === toId) return true
    if (seen.has(id)) continue
    seen.add(id)
    for (const edge of graph.edges)
      if (edge.fromNodeId === id && edge.maxRounds === undefined) open.push(edge.toNodeId)
  }
  return false
}
