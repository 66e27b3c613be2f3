/** What a node does, in one line below its name. */
import type { Agent, GraphNode, Tool } from '../api/types'
import { nodeType } from '../types/types'

export interface Catalogue {
  agents: ReadonlyMap<string, Agent>
  tools: ReadonlyMap<string, Tool>
}

const MODES: Readonly<Record<string, string>> = {
  first: 'First match',
  all: 'Every match',
  each: 'For each item',
}

export function summarizeNode(node: GraphNode, { agents, tools }: Catalogue): string {
  const { config } = node
  switch (node.type) {
    case 'start':
      return 'Input'
    case 'end':
      return config['outcome'] === 'failed' ? 'Ends as failed' : 'Output'
    case 'agent':
      return node.agentId === undefined ? 'No agent chosen' : (agents.get(node.agentId)?.name ?? node.agentId)
    case 'tool':
      return node.toolId === undefined ? 'No tool chosen' : (tools.get(node.toolId)?.name ?? node.toolId)
    case 'branch':
      return MODES[typeof config['mode'] === 'string' ? config['mode'] : 'first'] ?? nodeType(node.type).label
    case 'human_approval': {
      const names = Array.isArray(config['assignees'])
        ? config['assignees'].filter((one) => typeof one === 'string')
        : []
      return names.length > 0 ? names.join(', ') : 'Anyone who may answer'
    }
    default:
      return nodeType(node.type).label
  }
}
