/** Graphs for tests. */
import type { GraphNode, NodeType, Workflow, WorkflowGraph } from '../api/types'

export function node(id: string, type: NodeType = 'agent', config: GraphNode['config'] = {}): GraphNode {
  return { id, type, label: '', config }
}

/** `a>b` `b>c`: edges e1, e2 … between nodes that are made as they are named. */
export function graphOf(ways: string, nodes: GraphNode[] = []): WorkflowGraph {
  const made = new Map(nodes.map((one) => [one.id, one]))
  const edges = ways.split(' ').map((way, at) => {
    const [fromNodeId = '', toNodeId = ''] = way.split('>')
    for (const id of [fromNodeId, toNodeId]) {
      if (!made.has(id)) made.set(id, node(id, id === 'start' || id === 'end' ? id : 'agent'))
    }
    return { id: `e${at + 1}`, fromNodeId, toNodeId }
  })
  return { nodes: [...made.values()], edges }
}

export function workflowOf(graph: WorkflowGraph, more: Partial<Workflow> = {}): Workflow {
  return { id: 'w', name: 'W', projectId: 'default', graph, triggers: [], ...more }
}
