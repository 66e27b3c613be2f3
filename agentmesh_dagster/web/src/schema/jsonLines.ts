/** A JSON value as the lines of a tree: what is open is listed, what is closed is one line. No React. */
import type { Json } from '../api/types'
import { isObject, kindOf, writePath } from './json'
import type { JsonKind, JsonPath } from './json'

export interface JsonLine {
  /** `$.a[0]`: unique in the value. */
  place: string
  depth: number
  /** The field's name, the item's number, or undefined for the value itself. */
  name: string | number | undefined
  kind: JsonKind
  /** Of an object or a list: how many fields or items it has, and whether they are listed below. */
  size: number
  isOpen: boolean
  /** Of any other value: the value. */
  value: Json
}

/** The lines of a value; `isOpen` is asked for every object and list that is not empty. The value itself is always open,
 *  and has a line only where nothing stands in it: of an object the lines are its fields. */
export function listLines(value: Json, isOpen: (place: string, depth: number) => boolean): JsonLine[] {
  const lines: JsonLine[] = []
  const add = (one: Json, path: JsonPath) => {
    const entries = entriesOf(one)
    const place = writePath(path)
    const isRoot = path.length === 0
    const opened = entries.length > 0 && (isRoot || isOpen(place, path.length))
    if (!isRoot || entries.length === 0)
      lines.push({
        place,
        depth: Math.max(0, path.length - 1),
        name: path.at(-1),
        kind: kindOf(one),
        size: entries.length,
        isOpen: opened,
        value: entries.length > 0 ? null : one,
      })
    if (opened) for (const [name, item] of entries) add(item, [...path, name])
  }
  add(value, [])
  return lines
}

/** The places whose name or value holds the text, in the order of the value, and all that stands around them. */
export function findPlaces(
  value: Json,
  text: string,
  most = 1_000,
): { found: string[]; around: Set<string> } {
  const wanted = text.trim().toLowerCase()
  const found: string[] = []
  const around = new Set<string>()
  const look = (one: Json, path: JsonPath) => {
    if (found.length >= most) return
    const name = path.at(-1)
    const isNamed = typeof name === 'string' && name.toLowerCase().includes(wanted)
    const isScalar = typeof one !== 'object' || one === null
    if (isNamed || (isScalar && String(one).toLowerCase().includes(wanted))) {
      found.push(writePath(path))
      for (let length = 0; length < path.length; length += 1) around.add(writePath(path.slice(0, length)))
    }
    for (const [inside, item] of entriesOf(one)) look(item, [...path, inside])
  }
  if (wanted !== '') look(value, [])
  return { found, around }
}

function entriesOf(value: Json): [string | number, Json][] {
  if (Array.isArray(value)) return value.map((item, at) => [at, item])
  return isObject(value) ? Object.entries(value) : []
}
