/** JSON values: kinds, text, and places inside. */
import type { Json, JsonObject } from '../api/types'
import { findJsonFault } from './jsonFault'
import type { JsonFault } from './jsonFault'

export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'
/** The way to a place inside a value, from the outside in. */
export type JsonPath = readonly (string | number)[]

export function kindOf(value: Json): JsonKind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value as JsonKind
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `$.items[2]["first name"]` */
export function writePath(path: JsonPath): string {
  return path.reduce<string>((made, part) => {
    if (typeof part === 'number') return `${made}[${part}]`
    return /^[A-Za-z_]\w*$/.test(part) ? `${made}.${part}` : `${made}[${JSON.stringify(part)}]`
  }, '$')
}

/** The value that the text stands for, or where it stops being JSON. */
export function readJson(text: string): { value: Json } | { fault: JsonFault } {
  try {
    return { value: JSON.parse(text) as Json }
  } catch {
    return { fault: findJsonFault(text) }
  }
}

/** The value of a JSON text that was cut off: what is open is closed where it ends, and what is not whole is left out. */
export function readBeginning(text: string): Json | undefined {
  const closers: string[] = []
  let isInString = false
  let whole = ['', ''] // up to the last comma
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (isInString) {
      if (letter === '\\') at += 1
      else if (letter === '"') isInString = false
    } else if (letter === '"') isInString = true
    else if (letter === '{') closers.unshift('}')
    else if (letter === '[') closers.unshift(']')
    else if (letter === '}' || letter === ']') closers.shift()
    else if (letter === ',') whole = [text.slice(0, at), closers.join('')]
  }
  const tries = [text + (isInString ? '"' : '') + closers.join(''), whole.join('')].map(readJson)
  return tries.map((read) => ('value' in read ? read.value : undefined)).find((value) => value !== undefined)
}

/** Everything that is shown of a value in one short line. */
export function summarize(value: Json | undefined, longest = 120): string {
  if (value === undefined) return ''
  const text =
    typeof value === 'string' ? value : isObject(value) ? writeFields(value, longest) : JSON.stringify(value)
  const line = text.replace(/\s+/g, ' ')
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}

export function areEqual(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => areEqual(item, other[at]))
  }
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => name in other && areEqual(one[name], other[name]))
  )
}

function writeFields(value: JsonObject, longest: number): string {
  let line = ''
  for (const [name, field] of Object.entries(value)) {
    if (line.length > longest) break
    line += `${line ? ', ' : ''}${name}: ${typeof field === 'string' ? field.slice(0, longest) : (JSON.stringify(field) ?? '').slice(0, longest)}`
  }
  return line
}
