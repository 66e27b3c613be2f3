/** What an expression in a node's config, or on an edge that leaves it, may name: read from the JSON Schema of `context`
 *  there, which the server works out. */
import type { Json, JsonObject, JsonSchema } from '../api/types'
import { isObject } from '../schema/json'
import { writeField } from './references'

export interface Completion {
  /** What is written: context.outputs.review.score */
  text: string
  /** What it is, in a few words: `number · Review`. */
  detail: string
  /** What it may be, in the words of JSON Schema; missing where anything may be. */
  types?: readonly string[]
}

/** What may be named where this was typed. */
export type Offers = (typed: string) => readonly Completion[]

/** Whose words are read: a node's own config, there what it gives when it has failed, or the condition of an edge that
 *  leaves it, maybe then. */
export type Place = 'node' | 'fallback' | 'out-edge' | 'fault-edge'

/** What `onError` of a node may name: what its config does, and the error. */
export function contextOfFallback(own: JsonSchema, ofFault: JsonSchema): JsonSchema {
  const written = isObject(ofFault.properties) ? ofFault.properties.error : undefined
  if (!isObject(written) || !isObject(own.properties)) return own
  const error = typeof written['$ref'] === 'string' ? lookUp(written['$ref'], ofFault) : written // it leaves its `$defs`
  if (error === undefined) return own
  return { ...own, properties: { ...own.properties, error } }
}

const AHEAD = 3 // levels of fields that are listed behind what was typed
const MOST = 2_000
const PATH_BEGUN = /^context(?:\.\w*|\[(?:\d*|"[^"]*"?|'[^']*'?)\]?)*$/

/** All that a context has, a few levels deep; to any depth behind what was typed. */
export function listCompletions(context: JsonSchema, typed = ''): Completion[] {
  const found: Completion[] = []
  const wanted = typed.replaceAll("'", '"').toLowerCase()
  const list = (text: string, schema: JsonSchema, title: string, ahead: number) => {
    const parts = partsOf(schema, context)
    const types = typesOf(parts)
    const words = textIn(parts, 'description') ?? title
    const detail = [types?.join(' or '), words].filter(Boolean).join(' · ')
    found.push({ text, detail, ...(types && { types }) })
    const left = wanted.startsWith(text.toLowerCase()) ? AHEAD - 1 : ahead - 1
    if (left < 0) return
    for (const [field, inside] of childrenOf(parts)) {
      if (found.length >= MOST) return
      list(text + field, inside, title, left)
    }
  }
  for (const [field, schema] of childrenOf(partsOf(context, context))) {
    const title = textIn([schema], 'title') ?? ''
    const inside = childrenOf(partsOf(schema, context))
    // Each output is of a node of its own, and so has a name of its own; as a whole they are nothing.
    if (field !== '.outputs') list(`context${field}`, schema, title, AHEAD)
    else
      for (const [id, output] of inside)
        list(`context.outputs${id}`, output, textIn([output], 'title') ?? '', AHEAD)
  }
  return found
}

/** The completions that fit what stands before the cursor, and how many characters of it they replace. */
export function complete(
  text: string,
  cursor: number,
  offers: Offers,
): { replaces: number; matches: readonly Completion[] } {
  const typed = readTyped(text.slice(0, cursor))
  if (typed === '') return { replaces: 0, matches: [] }
  const wanted = typed.toLowerCase()
  const completions = offers(typed)
  const begins = completions.filter(({ text: one }) => one.toLowerCase().startsWith(wanted))
  const known = new Set(begins.map(({ text: one }) => one))
  const holds = completions.filter(({ text: one }) => !known.has(one) && one.toLowerCase().includes(wanted))
  const matches = [...begins, ...(wanted.length > 1 ? holds : [])].filter(({ text: one }) => one !== typed)
  return { replaces: typed.length, matches }
}

/** The same with those first that are of one of the types, and without those that are of none. */
export function sortByType(
  completions: readonly Completion[],
  wanted: readonly string[] | undefined,
): readonly Completion[] {
  if (!wanted) return completions
  const rank = ({ types }: Completion) => {
    if (!types) return 1
    if (types.some((type) => wanted.some((one) => isSameType(type, one)))) return 0
    return types.some((type) => type === 'object' || type === 'array') ? 2 : 3
  }
  const ranked = completions.map((one) => ({ one, rank: rank(one) })).filter(({ rank: place }) => place < 3)
  return ranked.toSorted((left, right) => left.rank - right.rank).map(({ one }) => one)
}

/** The types that a schema names, `null` left out. */
export function typesIn(schema: JsonSchema, root: JsonSchema = schema): readonly string[] | undefined {
  return typesOf(partsOf(schema, root))
}

function isSameType(one: string, other: string): boolean {
  return one === other || (isNumber(one) && isNumber(other))
}

function isNumber(type: string): boolean {
  return type === 'number' || type === 'integer'
}

/** The schema and what stands beside it by `$ref`, `allOf`, and by `anyOf` and `oneOf`: what a value may have. */
function partsOf(schema: JsonSchema, root: JsonSchema): JsonSchema[] {
  const parts: JsonSchema[] = []
  const seen = new Set<JsonSchema>()
  const open: (Json | undefined)[] = [schema]
  while (open.length > 0) {
    const part = open.shift()
    if (!isObject(part) || seen.has(part)) continue
    seen.add(part)
    parts.push(part)
    if (typeof part['$ref'] === 'string') open.unshift(lookUp(part['$ref'], root))
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
      const options = part[keyword]
      if (Array.isArray(options)) open.push(...options)
    }
  }
  return parts
}

function lookUp(reference: string, root: JsonSchema): Json | undefined {
  let found: Json | undefined = root
  for (const step of reference.split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    found = Array.isArray(found) ? found[Number(key)] : isObject(found) ? found[key] : undefined
  }
  return found
}

/** The fields and the items of a value, each as it is written behind the value's name. */
function childrenOf(parts: readonly JsonSchema[]): [string, JsonSchema][] {
  const children = new Map<string, JsonSchema>()
  for (const part of parts) {
    if (isObject(part['items']) && !children.has('[0]')) children.set('[0]', part['items'])
    const properties = isObject(part['properties']) ? part['properties'] : {}
    for (const [name, field] of Object.entries(properties)) {
      const known = children.get(writeField(name))
      const schema: JsonObject = isObject(field) ? field : {}
      children.set(writeField(name), known ? { anyOf: [known, schema] } : schema)
    }
  }
  return [...children]
}

function typesOf(parts: readonly JsonSchema[]): readonly string[] | undefined {
  const found = new Set<string>()
  for (const part of parts) {
    const { type, enum: values } = part
    if (typeof type === 'string') found.add(type)
    else if (Array.isArray(type)) type.forEach((one) => typeof one === 'string' && found.add(one))
    else if (Array.isArray(values)) values.forEach((value) => found.add(typeOf(value)))
    else if (part['const'] !== undefined) found.add(typeOf(part['const']))
  }
  if (found.size > 1) found.delete('null') // it may have been skipped
  return found.size > 0 ? [...found] : undefined
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function textIn(parts: readonly JsonSchema[], keyword: string): string | undefined {
  const found = parts.find((part) => typeof part[keyword] === 'string')?.[keyword]
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** The name that is being written: from the last `context` on if all of it is one path, else the last word. */
function readTyped(before: string): string {
  const path = before.slice(Math.max(0, before.lastIndexOf('context')))
  return PATH_BEGUN.test(path) ? path : (/[A-Za-z_]\w*$/.exec(before)?.[0] ?? '')
}
