/** Unsaved edits, kept in this browser until they are saved or discarded: a crash, a reload or the end of a session does
 *  not take them along. Each belongs to the person who made it. No React. */
const PREFIX = 'agentmesh.unsaved.'
const MOST = 30 // copies; the oldest give way
const KEPT_MS = 30 * 86_400_000

export interface LocalCopy<Value> {
  value: Value
  /** What was read before the first edit: a save is checked against it. */
  saved: Value
  /** The ETag with which that came, where entities have no revision of their own. */
  etag?: string
  /** ISO 8601. */
  at: string
  by: string
}

export type CopyStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

/** What `by` has edited and not saved; `name` says of what: `workflows triage`. */
export function readCopy<Value>(
  name: string,
  by: string,
  storage: CopyStorage = localStorage,
): LocalCopy<Value> | undefined {
  try {
    const copy = parse<Value>(storage.getItem(PREFIX + name))
    return copy?.by === by && Date.now() - Date.parse(copy.at) < KEPT_MS ? copy : undefined
  } catch {
    return undefined // no storage
  }
}

export function keepCopy<Value>(
  name: string,
  copy: LocalCopy<Value>,
  storage: CopyStorage = localStorage,
): void {
  const text = JSON.stringify(copy)
  try {
    dropOldest(name, storage)
    storage.setItem(PREFIX + name, text)
  } catch {
    // Full, or none: the question on leaving the page still guards what was edited.
  }
}

export function dropCopy(name: string, storage: CopyStorage = localStorage): void {
  try {
    storage.removeItem(PREFIX + name)
  } catch {
    // No storage, so no copy.
  }
}

function dropOldest(besides: string, storage: CopyStorage): void {
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '')
  const copies = keys
    .filter((key) => key.startsWith(PREFIX) && key !== PREFIX + besides)
    .map((key) => ({ key, at: parse(storage.getItem(key))?.at ?? '' }))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
  for (const { key } of copies.slice(0, Math.max(0, copies.length - MOST + 1))) storage.removeItem(key)
}

function parse<Value>(text: string | null): LocalCopy<Value> | undefined {
  if (text === null) return undefined
  try {
    const copy = JSON.parse(text) as Partial<LocalCopy<Value>> | null
    const isCopy = copy?.value !== undefined && copy.saved !== undefined && typeof copy.at === 'string'
    return isCopy ? (copy as LocalCopy<Value>) : undefined
  } catch {
    return undefined // something else
  }
}
