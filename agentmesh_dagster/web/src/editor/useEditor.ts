import { createContext, useContext, useSyncExternalStore } from 'react'
import type { EditorState } from './state'
import type { EditorStore } from './store'

export const EditorStoreContext = createContext<EditorStore | undefined>(undefined)

export function useEditorStore(): EditorStore {
  const store = useContext(EditorStoreContext)
  if (!store) throw new Error('This stands outside of an editor.')
  return store
}

/** A part of the state. It must be the same value as long as the state is: select, compute nothing new. */
export function useEditor<Part>(select: (state: EditorState) => Part): Part {
  const store = useEditorStore()
  const read = () => select(store.get())
  return useSyncExternalStore(store.subscribe, read, read)
}
