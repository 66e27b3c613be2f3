/** What a node does, in one line below its name. */
import type { Agent, GraphNode, Tool } from '../api/types'
import { describeValue } from '../schema/fields'
import { nodeFields, nodeType } from '../types/types'

export interface Catalogue {
  agents: ReadonlyMap<string, Agent>
  tools: ReadonlyMap<string, Tool>
}

export function summarizeNode(node: GraphNode, catalogue: Catalogue): string {
  const { label, names, summary, summaryField } = nodeType(node.type)
  if (names !== undefined) {
    const id = idNamed(node)
    return id === undefined ? `No ${names} chosen` : (findNamed(node, catalogue)?.name ?? id)
  }
  const field = nodeFields(node.type).find(({ name }) => name === summaryField)
  const given = node.config[field?.name ?? '']
  const words = field && given !== undefined ? describeValue(field, given) : ''
  if (words) return words
  const usual = field?.schema['default']
  return summary ?? field?.unset ?? (field && usual !== undefined ? describeValue(field, usual) : label)
}

/** The id of the agent or the tool that a node refers to. */
export function idNamed(node: GraphNode): string | undefined {
  const { names } = nodeType(node.type)
  return names === 'agent' ? node.agentId : names === 'tool' ? node.toolId : undefined
}

export function findNamed(node: GraphNode, { agents, tools }: Catalogue): Agent | Tool | undefined {
  const id = idNamed(node) ?? ''
  return nodeType(node.type).names === 'agent' ? agents.get(id) : tools.get(id)
}
