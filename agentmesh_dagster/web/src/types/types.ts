/** The types of nodes and tools and the providers of models, as the server describes them: read once, before the first
 *  render. No React. */
import { get } from '../api/client'
import type { JsonSchema, NodeType, NodeTypeInfo, ProviderInfo, ToolTypeInfo, Types } from '../api/types'
import { resolve } from '../schema/form'
import { isObject } from '../schema/json'

let types: Types = { nodes: [], tools: [], providers: [], triggers: [] }

export async function loadTypes(): Promise<void> {
  setTypes(await get<Types>('types'))
}

export function setTypes(loaded: Types): void {
  types = loaded
}

/** In the order in which people choose. */
export function nodeTypes(): readonly NodeTypeInfo[] {
  return types.nodes
}

export function toolTypes(): readonly ToolTypeInfo[] {
  return types.tools
}

export function providers(): readonly ProviderInfo[] {
  return types.providers
}

/** A type that the server does not list is shown by its name, and nothing more is known of it. */
export function nodeType(type: NodeType): NodeTypeInfo {
  return types.nodes.find((info) => info.type === type) ?? describeUnknown(type)
}

/** The JSON Schema of a field of a node's config, or of a field in it: `retry.maxAttempts`. */
export function configField(type: NodeType, place: string): JsonSchema {
  const { config } = nodeType(type)
  return place.split('.').reduce<JsonSchema>((schema, name) => fieldIn(schema, name, config), config)
}

function fieldIn(schema: JsonSchema, name: string, root: JsonSchema): JsonSchema {
  const field = isObject(schema['properties']) ? schema['properties'][name] : undefined
  if (!isObject(field)) return {}
  // An optional field is written `anyOf` its own schema and null.
  const options = Array.isArray(field['anyOf']) ? field['anyOf'].filter(isObject) : []
  const given = options.find((option) => option['type'] !== 'null')
  return resolve({ ...field, ...given }, root)
}

function describeUnknown(type: NodeType): NodeTypeInfo {
  return {
    type,
    label: type,
    purpose: '',
    icon: '',
    stem: type,
    place: 'between',
    mayChoose: false,
    waits: false,
    config: {},
    written: {},
  }
}
