/** The types of nodes, tools and triggers and the providers of models, as the server describes them: read once, before
 *  the first render. No React. */
import { get } from '../api/client'
import type {
  EdgesInfo,
  GraphNode,
  JsonSchema,
  NodeType,
  NodeTypeInfo,
  ProviderInfo,
  ToolType,
  ToolTypeInfo,
  Trigger,
  TriggerTypeInfo,
  Types,
} from '../api/types'
import { listFields } from '../schema/fields'
import { descriptionAt } from '../schema/form'
import type { FormField } from '../schema/fields'

let types: Types = { nodes: [], tools: [], providers: [], agent: {}, asset: {}, triggers: [] }

/** The fields of each schema, read when they are first asked for. */
const fieldsOf = new WeakMap<JsonSchema, readonly FormField[]>()

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

export function triggerTypes(): readonly TriggerTypeInfo[] {
  return types.triggers
}

/** A type that the server does not list is shown by its name, and nothing more is known of it. */
export function nodeType(type: NodeType): NodeTypeInfo {
  return types.nodes.find((info) => info.type === type) ?? describeUnknown(type)
}

export function toolType(type: ToolType): ToolTypeInfo {
  return (
    types.tools.find((info) => info.type === type) ?? {
      type,
      label: type,
      purpose: '',
      summary: [],
      config: {},
    }
  )
}

export function triggerType(type: Trigger['type']): TriggerTypeInfo {
  const unknown = { type, label: type, purpose: '', trigger: {}, first: {}, event: [], unset: '' }
  return types.triggers.find((info) => info.type === type) ?? unknown
}

export function nodeFields(type: NodeType): readonly FormField[] {
  const { config, written } = nodeType(type)
  return readFields(config, written)
}

export function toolFields(type: ToolType): readonly FormField[] {
  return readFields(toolType(type).config)
}

/** A field of an agent: what it is for, and its limits. */
export function agentField(name: string): FormField | undefined {
  return readFields(types.agent).find((field) => field.name === name)
}

/** What a field of an asset is for, by its place: `partitions`, `daily`, `start`. */
export function assetHint(...place: string[]): string | undefined {
  return descriptionAt(types.asset, place)
}

function readFields(schema: JsonSchema, written?: NodeTypeInfo['written']): readonly FormField[] {
  const known = fieldsOf.get(schema)
  if (known) return known
  const fields = listFields(schema, written)
  fieldsOf.set(schema, fields)
  return fields
}

/** What follows a node as it is configured. */
export function edgesOf(node: GraphNode): EdgesInfo {
  const { mode, edges } = nodeType(node.type)
  const given = mode === undefined ? undefined : node.config[mode]
  return edges.find((info) => info.mode === given) ?? edges[0] ?? ALL
}

/** Whether the edges that leave a node may carry conditions. */
export function hasConditions(node: GraphNode): boolean {
  const { ports } = edgesOf(node)
  return ports === 'choice' || ports === 'choice_if_asked'
}

const ALL: EdgesInfo = { ports: 'all', otherwise: 'otherwise', isNumbered: false }

function describeUnknown(type: NodeType): NodeTypeInfo {
  return {
    type,
    label: type,
    purpose: '',
    icon: '',
    tone: 'idle',
    stem: type,
    place: 'between',
    mayChoose: false,
    waits: false,
    asks: false,
    edges: [],
    config: {},
    written: {},
  }
}
