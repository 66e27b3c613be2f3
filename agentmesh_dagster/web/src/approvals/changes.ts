/** What a person changed in a value. No React. */
import type { Json } from '../api/types'
import { areEqual, isObject, writePath } from '../schema/json'
import type { JsonPath } from '../schema/json'

export interface Change {
  place: string
  /** Undefined: it was not there. */
  before: Json | undefined
  /** Undefined: it is gone. */
  after: Json | undefined
}

/** The smallest places at which two values differ. A list of another length is one change: nobody knows what moved. */
export function listChanges(
  before: Json | undefined,
  after: Json | undefined,
  path: JsonPath = [],
): Change[] {
  if (areEqual(before, after)) return []
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...names].flatMap((name) => listChanges(before[name], after[name], [...path, name]))
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, at) => listChanges(item, after[at], [...path, at]))
  }
  return [{ place: writePath(path), before, after }]
}
