/** Agents, tools and workflows in a few words. */
import type { Agent, Tool, Workflow } from '../api/types'
import { describeValue } from '../schema/fields'
import { toolFields, toolType } from '../types/types'

export function isAgent(entity: Agent | Tool): entity is Agent {
  return 'modelProvider' in entity
}

/** What an agent or a tool calls: `local / llama3.2`, `HTTP: GET https://…`; how large a workflow is. */
export function describeTarget(entity: Agent | Tool | Workflow): string {
  if ('graph' in entity) return `${entity.graph.nodes.length} nodes`
  if (isAgent(entity)) return `${entity.modelProvider} / ${entity.modelName}`
  const { label, summary } = toolType(entity.type)
  const config: Readonly<Record<string, unknown>> = entity.config
  const words = summary.flatMap((name) => {
    const field = toolFields(entity.type).find((one) => one.name === name)
    const value = config[name] ?? field?.schema['default']
    return field && value !== undefined ? describeValue(field, value as never) : []
  })
  return `${label}: ${words.join(' ')}`
}
