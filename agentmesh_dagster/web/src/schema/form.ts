/** JSON Schema as a form: which control a schema asks for, what a new value is, and what is missing. */
import type { Json, JsonObject, JsonSchema } from '../api/types'
import { isObject, kindOf, writePath } from './json'
import type { JsonPath } from './json'

export type Control =
  | { kind: 'text' | 'long-text' | 'date' | 'date-time' | 'number' | 'integer' | 'boolean' }
  | { kind: 'choice'; options: Json[] }
  | { kind: 'fields'; fields: Field[] }
  | { kind: 'list'; items: JsonSchema }
  | { kind: 'json' } // whatever a form cannot show

export interface Field {
  name: string
  schema: JsonSchema
  isRequired: boolean
}

const LONG_TEXT = 120 // characters: from here on a text has more than one line
const DEEPEST = 6 // levels of `$ref` that lead to another, and of defaults inside defaults

/** The schema itself where it only refers to a definition of its root. */
export function resolve(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema {
  const reference = schema['$ref']
  if (typeof reference !== 'string' || !reference.startsWith('#/') || depth > DEEPEST) return schema
  let found: Json | undefined = root
  for (const part of reference.slice(2).split('/')) {
    found = isObject(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }
  if (!isObject(found)) return schema
  const { $ref: _, ...beside } = schema
  return { ...resolve(found, root, depth + 1), ...beside }
}

export function controlFor(schema: JsonSchema, value?: Json): Control {
  if (Array.isArray(schema['enum'])) return { kind: 'choice', options: schema['enum'] }
  if ('const' in schema) return { kind: 'choice', options: [schema['const'] as Json] }
  switch (typeOf(schema)) {
    case 'boolean':
      return { kind: 'boolean' }
    case 'integer':
      return { kind: 'integer' }
    case 'number':
      return { kind: 'number' }
    case 'string':
      return { kind: textControl(schema, value) }
    case 'array':
      return isObject(schema['items']) ? { kind: 'list', items: schema['items'] } : { kind: 'json' }
    case 'object': {
      const fields = fieldsOf(schema)
      return fields.length > 0 && !('oneOf' in schema || 'anyOf' in schema || 'allOf' in schema)
        ? { kind: 'fields', fields }
        : { kind: 'json' }
    }
    default:
      return { kind: 'json' }
  }
}

/** Whether a form can show all of a value: fields that the schema does not name would be invisible. */
export function canShow(schema: JsonSchema, value: Json | undefined, root = schema): boolean {
  const control = controlFor(resolve(schema, root), value)
  if (value === undefined) return control.kind !== 'json'
  switch (control.kind) {
    case 'fields':
      return (
        isObject(value) &&
        Object.keys(value).every((name) => control.fields.some((field) => field.name === name))
      )
    case 'list':
      return Array.isArray(value)
    case 'json':
      return false
    default:
      return true
  }
}

/** What a form starts with: the defaults, and nothing where there is none. */
export function initialValue(schema: JsonSchema, root = schema, depth = 0): Json | undefined {
  const own = resolve(schema, root)
  if ('default' in own) return own['default']
  if ('const' in own) return own['const']
  const control = controlFor(own)
  if (control.kind !== 'fields' || depth > DEEPEST) return undefined
  const value: JsonObject = {}
  for (const field of control.fields) {
    const first = initialValue(field.schema, root, depth + 1)
    const isEmpty = isObject(first) && Object.keys(first).length === 0
    if (first !== undefined && (field.isRequired || !isEmpty)) value[field.name] = first
  }
  return value
}

/** The value of a new item of a list. */
export function newItem(schema: JsonSchema, root: JsonSchema): Json {
  const own = resolve(schema, root)
  const first = initialValue(own, root)
  if (first !== undefined) return first
  switch (controlFor(own).kind) {
    case 'boolean':
      return false
    case 'list':
      return []
    case 'text':
    case 'long-text':
    case 'date':
    case 'date-time':
      return ''
    default:
      return null
  }
}

/** What is wrong with a value, by the path of its place. The server checks all; this is what a form can say at once. */
export function findFaults(
  schema: JsonSchema,
  value: Json | undefined,
  root = schema,
  path: JsonPath = [],
): Map<string, string> {
  const own = resolve(schema, root)
  const control = controlFor(own, value)
  const faults = new Map<string, string>()
  const here = writePath(path)
  if (value === undefined) return faults
  const fault = ownFault(own, value)
  if (fault) faults.set(here, fault)
  if (control.kind === 'fields' && isObject(value)) {
    for (const field of control.fields) {
      const inside = [...path, field.name]
      if (value[field.name] === undefined && field.isRequired) faults.set(writePath(inside), 'Required.')
      for (const entry of findFaults(field.schema, value[field.name], root, inside)) faults.set(...entry)
    }
  }
  if (control.kind === 'list' && Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      for (const entry of findFaults(control.items, item, root, [...path, at])) faults.set(...entry)
    }
  }
  return faults
}

/** What a field inside is for: through the items of lists, too. */
export function descriptionAt(root: JsonSchema, place: readonly string[]): string | undefined {
  let schema: JsonSchema = root
  let found: string | undefined
  for (const name of place) {
    const properties = isObject(schema['properties']) ? schema['properties'] : {}
    const field = properties[name]
    if (!isObject(field)) return undefined
    found = descriptionOf(resolve(field, root))
    const own = resolve(field, root)
    const options = Array.isArray(own['anyOf']) ? own['anyOf'] : []
    const inside = own['items'] ?? options.find((one) => isObject(one) && '$ref' in one) ?? own
    schema = isObject(inside) ? resolve(inside, root) : {}
  }
  return found
}

/** The label of a field: its title, else its name in words. */
export function labelOf(name: string, schema: JsonSchema): string {
  if (typeof schema['title'] === 'string') return schema['title']
  const words = name
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function descriptionOf(schema: JsonSchema): string | undefined {
  return typeof schema['description'] === 'string' ? schema['description'] : undefined
}

/** Whether null is a value of its own here. */
export function mayBeNull(schema: JsonSchema): boolean {
  return Array.isArray(schema['type']) && schema['type'].includes('null')
}

function typeOf(schema: JsonSchema): string | undefined {
  const type = schema['type']
  if (typeof type === 'string') return type
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== 'null')
    return others.length === 1 && typeof others[0] === 'string' ? others[0] : undefined
  }
  return isObject(schema['properties']) ? 'object' : undefined
}

function fieldsOf(schema: JsonSchema): Field[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties)
    .filter((entry): entry is [string, JsonObject] => isObject(entry[1]))
    .map(([name, field]) => ({ name, schema: field, isRequired: required.includes(name) }))
}

function textControl(
  schema: JsonSchema,
  value: Json | undefined,
): 'text' | 'long-text' | 'date' | 'date-time' {
  if (schema['format'] === 'date' || schema['format'] === 'date-time') return schema['format']
  const examples = [value, schema['default']].filter((one) => typeof one === 'string')
  const longest = typeof schema['maxLength'] === 'number' && schema['maxLength'] > LONG_TEXT
  return longest || examples.some((text) => text.includes('\n') || text.length > LONG_TEXT)
    ? 'long-text'
    : 'text'
}

function ownFault(schema: JsonSchema, value: Json): string | undefined {
  const type = typeOf(schema)
  const kind = kindOf(value)
  if (kind === 'null' && mayBeNull(schema)) return undefined
  const fits = type === undefined || type === kind || (type === 'integer' && Number.isInteger(value))
  if (!fits)
    return `This must be ${type === 'integer' ? 'an integer' : type === 'array' ? 'an array' : `of type ${type}`}.`
  if (typeof value === 'number') {
    const { minimum, maximum } = schema
    if (typeof minimum === 'number' && value < minimum) return `This must be at least ${minimum}.`
    if (typeof maximum === 'number' && value > maximum) return `This must be at most ${maximum}.`
  }
  if (typeof value === 'string') {
    const { minLength, maxLength } = schema
    if (typeof minLength === 'number' && value.length < minLength) {
      return value === '' ? 'Required.' : `At least ${minLength} characters.`
    }
    if (typeof maxLength === 'number' && value.length > maxLength) return `At most ${maxLength} characters.`
  }
  return undefined
}
