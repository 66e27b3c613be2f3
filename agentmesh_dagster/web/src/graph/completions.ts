/** What an expression in a node's config, or on an edge that leaves it, may name. */
import type { Agent, GraphNode, Json, JsonObject, JsonSchema, Tool, WorkflowGraph } from '../api/types'
import { contextNames, nodeType } from '../types/types'
import { ancestorsOf, isBehindEach, parentsOf } from './ancestors'
import { titleOf } from './edits'
import { writeField } from './references'

export interface Completion {
  /** What is written: context.outputs.review.score */
  text: string
  /** What it is, in a few words: `number · Review`. */
  detail: string
}

/** Whose words are read: a node's own config, or the condition of an edge that leaves it. */
export type Place = 'node' | 'out-edge'

export interface CompletionSources {
  inputSchema?: JsonSchema
  agents: ReadonlyMap<string, Agent>
  tools: ReadonlyMap<string, Tool>
}

const DEEPEST = 3 // levels of fields that are listed
const PATH_BEGUN = /^context(?:\.\w*|\[(?:\d*|"[^"]*"?|'[^']*'?)\]?)*$/

export function listCompletions(
  graph: WorkflowGraph,
  nodeId: string,
  place: Place,
  sources: CompletionSources,
): Completion[] {
  const node = graph.nodes.find((one) => one.id === nodeId)
  const before = ancestorsOf(graph, nodeId)
  const listed = [
    ...listFields('context.input', 'the run’s input', sources.inputSchema),
    ...listLastOutput(graph, nodeId, place, sources),
    ...before.flatMap((one) =>
      listFields(`context.outputs${writeField(one.id)}`, titleOf(one), outputSchema(one, sources)),
    ),
    ...(isBehindEach(graph, nodeId) ? contextNames().item : []),
    ...contextNames().run,
  ]
  // Behind the edges of a gate its own answer can be named too.
  return place === 'out-edge' && node && nodeType(node.type).waits
    ? [
        ...listFields(`context.outputs${writeField(node.id)}`, titleOf(node), outputSchema(node, sources)),
        ...listed,
      ]
    : listed
}

/** The completions that fit what stands before the cursor, and how many characters of it they replace. */
export function complete(
  text: string,
  cursor: number,
  completions: readonly Completion[],
): { replaces: number; matches: Completion[] } {
  const typed = readTyped(text.slice(0, cursor))
  if (typed === '') return { replaces: 0, matches: [] }
  const wanted = typed.toLowerCase()
  const begins = completions.filter(({ text: one }) => one.toLowerCase().startsWith(wanted))
  const holds = completions.filter(
    ({ text: one }) => !begins.some((other) => other.text === one) && one.toLowerCase().includes(wanted),
  )
  const matches = [...begins, ...(wanted.length > 1 ? holds : [])].filter(({ text: one }) => one !== typed)
  return { replaces: typed.length, matches }
}

function listLastOutput(
  graph: WorkflowGraph,
  nodeId: string,
  place: Place,
  sources: CompletionSources,
): Completion[] {
  const node = graph.nodes.find((one) => one.id === nodeId)
  if (place === 'out-edge' && node && nodeType(node.type).waits) {
    return listFields('context.last_output', 'the answer', outputSchema(node, sources))
  }
  const parents = parentsOf(graph, nodeId)
  const [only] = parents
  if (parents.length === 1 && only) {
    return listFields('context.last_output', titleOf(only), outputSchema(only, sources))
  }
  return [
    { text: 'context.last_output', detail: parents.length ? 'of the parents that ran' : 'the run’s input' },
    ...parents.flatMap((parent) =>
      listFields(
        `context.last_output${writeField(parent.id)}`,
        titleOf(parent),
        outputSchema(parent, sources),
      ),
    ),
  ]
}

/** The JSON Schema of what a node gives, as far as it is known. */
export function outputSchema(node: GraphNode, sources: CompletionSources): JsonSchema | undefined {
  const { like, field, usual, always } = nodeType(node.type).output
  const schema =
    asObject(node.config[field ?? '']) ??
    (like === 'run_input' ? sources.inputSchema : undefined) ??
    (like === 'tool' ? sources.tools.get(node.toolId ?? '')?.outputSchema : undefined) ??
    usual
  if (!always) return schema
  return { type: 'object', properties: { ...asObject(schema?.['properties']), ...always } }
}

function listFields(text: string, title: string, schema: JsonSchema | undefined, depth = 0): Completion[] {
  const type = typeof schema?.['type'] === 'string' ? schema['type'] : undefined
  const own: Completion = { text, detail: type ? `${type} · ${title}` : title }
  const properties = asObject(schema?.['properties'])
  if (!properties || depth >= DEEPEST) return [own]
  const inside = Object.entries(properties).flatMap(([name, field]) =>
    listFields(text + writeField(name), title, asObject(field), depth + 1),
  )
  return [own, ...inside]
}

/** The name that is being written: from the last `context` on if all of it is one path, else the last word. */
function readTyped(before: string): string {
  const path = before.slice(Math.max(0, before.lastIndexOf('context')))
  return PATH_BEGUN.test(path) ? path : (/[A-Za-z_]\w*$/.exec(before)?.[0] ?? '')
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}
