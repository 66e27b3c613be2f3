/** Copy, paste and duplicate: a piece of a graph as text, so that it goes from one workflow into another too. */
import type { GraphNode, WorkflowGraph } from '../api/types'
import { nodeType } from '../types/types'
import type { Position, Positions } from './layout'
import { firstFree, newEdgeId } from './ids'
import { renameInEdge, renameInNode } from './references'

const FORMAT = 'agentmesh/graph'

/** What was copied, and where its nodes stood. */
export interface Copied extends WorkflowGraph {
  places: Readonly<Record<string, Position>>
}

/** The chosen nodes and the edges between them. A start is left out: a graph has one. */
export function copy(
  graph: WorkflowGraph,
  nodeIds: Iterable<string>,
  positions: Positions = new Map(),
): string {
  const chosen = new Set(nodeIds)
  const nodes = graph.nodes.filter((node) => chosen.has(node.id) && nodeType(node.type).place !== 'start')
  const kept = new Set(nodes.map((node) => node.id))
  const edges = graph.edges.filter((edge) => kept.has(edge.fromNodeId) && kept.has(edge.toNodeId))
  const places = Object.fromEntries([...positions].filter(([id]) => kept.has(id)))
  return JSON.stringify({ format: FORMAT, nodes, edges, places })
}

/** What text holds that was copied here; undefined for any other text. */
export function readCopied(text: string): Copied | undefined {
  try {
    const value = JSON.parse(text) as Partial<Copied & { format: string }> | null
    if (value?.format !== FORMAT || !Array.isArray(value.nodes) || !Array.isArray(value.edges))
      return undefined
    return { nodes: value.nodes, edges: value.edges, places: value.places ?? {} }
  } catch {
    return undefined // some other text
  }
}

/** Adds a copied piece under new ids; its expressions name its own nodes. `ids` says which node became which. */
export function paste(
  graph: WorkflowGraph,
  copied: WorkflowGraph,
): { graph: WorkflowGraph; ids: ReadonlyMap<string, string> } {
  const used = new Set(graph.nodes.map((node) => node.id))
  const ids = new Map<string, string>()
  for (const node of copied.nodes) {
    const id = firstFree(node.id, used)
    used.add(id)
    ids.set(node.id, id)
  }
  const idOf = (id: string) => ids.get(id) ?? id
  const added: GraphNode[] = copied.nodes.map((node) => renameInNode({ ...node, id: idOf(node.id) }, ids))
  let pasted: WorkflowGraph = { nodes: [...graph.nodes, ...added], edges: graph.edges }
  for (const edge of copied.edges) {
    const moved = {
      ...edge,
      id: newEdgeId(pasted),
      fromNodeId: idOf(edge.fromNodeId),
      toNodeId: idOf(edge.toNodeId),
    }
    pasted = { ...pasted, edges: [...pasted.edges, renameInEdge(moved, ids)] }
  }
  return { graph: pasted, ids }
}
