/** Holds the editor's state, and tells of each change to those who look at it. */
import type { EditorState } from './state'

export interface EditorStore {
  get: () => EditorState
  /** Replaces the state; the same state again tells nobody. */
  change: (next: (state: EditorState) => EditorState) => void
  subscribe: (listener: () => void) => () => void
}

export function createEditorStore(first: EditorState): EditorStore {
  let state = first
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    change: (next) => {
      const changed = next(state)
      if (changed === state) return
      state = changed
      for (const listener of [...listeners]) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
