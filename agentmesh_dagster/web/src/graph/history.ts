/** Undo and redo over values that are never changed in place. */
export interface History<Value> {
  past: readonly Value[]
  present: Value
  future: readonly Value[]
  /** Changes with the same tag, one after the other, are undone together: letters typed into one field. */
  tag: string | undefined
}

const LONGEST = 200

export function beginHistory<Value>(present: Value): History<Value> {
  return { past: [], present, future: [], tag: undefined }
}

export function record<Value>(history: History<Value>, present: Value, tag?: string): History<Value> {
  if (present === history.present) return history
  if (tag !== undefined && tag === history.tag) return { ...history, present, future: [] }
  return { past: [...history.past, history.present].slice(-LONGEST), present, future: [], tag }
}

/** The next change with the same tag is undone by itself: the field was left. */
export function settle<Value>(history: History<Value>): History<Value> {
  return history.tag === undefined ? history : { ...history, tag: undefined }
}

export function undo<Value>(history: History<Value>): History<Value> {
  const present = history.past.at(-1)
  if (present === undefined) return history
  return {
    past: history.past.slice(0, -1),
    present,
    future: [history.present, ...history.future],
    tag: undefined,
  }
}

export function redo<Value>(history: History<Value>): History<Value> {
  const [present, ...future] = history.future
  if (present === undefined) return history
  return { past: [...history.past, history.present], present, future, tag: undefined }
}
