/** What a node does, in one line below its name. */
import type { Agent, GraphNode, Tool, Workflow } from '../api/types'
import { describeValue } from '../schema/fields'
import { nodeFields, nodeType } from '../types/types'

export interface Catalogue {
  agents: ReadonlyMap<string, Agent>
  tools: ReadonlyMap<string, Tool>
  workflows: ReadonlyMap<string, Workflow>
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

/** The id of the agent, the tool or the workflow that a node refers to. */
export function idNamed(node: GraphNode): string | undefined {
  const { names } = nodeType(node.type)
  return names && { agent: node.agentId, tool: node.toolId, workflow: node.workflowId }[names]
}

export function findNamed(node: GraphNode, catalogue: Catalogue): Agent | Tool | Workflow | undefined {
  const { names } = nodeType(node.type)
  return names && knownOf(catalogue, names).get(idNamed(node) ?? '')
}

/** All that a node may refer to, by id. */
export function knownOf(
  { agents, tools, workflows }: Catalogue,
  names: 'agent' | 'tool' | 'workflow',
): ReadonlyMap<string, Agent | Tool | Workflow> {
  return { agent: agents, tool: tools, workflow: workflows }[names]
}
