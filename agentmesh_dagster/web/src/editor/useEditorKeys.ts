import { useEffect } from 'react'
import { walk } from '../graph/walk'
import type { Direction } from '../graph/walk'
import { editFor, isWriting, nameOf } from './keys'
import { copySelected, pasteText, removeSelected, select, draftOf } from './state'
import type { EditorStore } from './store'

const EVERYWHERE = ['mod+z', 'mod+shift+z', 'mod+y']
const REGIONS = ['.palette', '.editor-canvas', '.inspector']

/** Keys and the clipboard, as long as nobody is writing. What removes or selects needs the focus on the canvas. */
export function useEditorKeys(store: EditorStore, mayEdit: boolean): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { target } = event
      const name = nameOf(event)
      if (name === 'F6') {
        event.preventDefault()
        goToNextRegion(event.shiftKey ? -1 : 1)
        return
      }
      if (name === 'F2' && isOnCanvas(target)) {
        event.preventDefault()
        document.querySelector<HTMLElement>('.inspector [data-place] input')?.focus()
        return
      }
      const direction = readDirection(name)
      if (direction && isOnCanvas(target)) {
        event.preventDefault()
        goOn(store, direction)
        return
      }
      const edit = editFor(event)
      if (!edit || isWriting(target) || !(isOnCanvas(target) || EVERYWHERE.includes(name))) return
      event.preventDefault()
      if (mayEdit || name === 'Escape' || name === 'mod+a') store.change(edit)
      keepFocus()
    }
    const onCopy = (event: ClipboardEvent) => {
      const text =
        isTextSelected() || !isOnCanvas(document.activeElement) ? undefined : copySelected(store.get())
      if (text === undefined) return
      event.clipboardData?.setData('text/plain', text)
      event.preventDefault()
      if (event.type === 'cut' && mayEdit) store.change(removeSelected)
    }
    const onPaste = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData('text/plain') ?? ''
      if (!mayEdit || isWriting(event.target) || document.querySelector('dialog[open]')) return
      store.change((state) => pasteText(state, text))
    }
    document.addEventListener('keydown', onKeyDown)
    document.addEventListener('copy', onCopy)
    document.addEventListener('cut', onCopy)
    document.addEventListener('paste', onPaste)
    return () => {
      document.removeEventListener('keydown', onKeyDown)
      document.removeEventListener('copy', onCopy)
      document.removeEventListener('cut', onCopy)
      document.removeEventListener('paste', onPaste)
    }
  }, [store, mayEdit])
}

function isOnCanvas(target: EventTarget | null): boolean {
  if (isWriting(target) || document.querySelector('dialog[open]')) return false
  return (
    target === document.body ||
    (target instanceof Element && target.closest('.editor-canvas, .palette') !== null)
  )
}

function isTextSelected(): boolean {
  return isWriting(document.activeElement) || (document.getSelection()?.toString() ?? '') !== ''
}

/** What had the focus may be gone: then the canvas has it, and the keys still work. */
function keepFocus(): void {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body)
      document.querySelector<HTMLElement>('.editor-canvas')?.focus()
  })
}

function readDirection(name: string): Direction | undefined {
  const [, direction] = /^mod\+(Arrow(?:Right|Left|Up|Down))$/.exec(name) ?? []
  return direction as Direction | undefined
}

/** Selects the next node in a direction, and puts the focus there. */
function goOn(store: EditorStore, direction: Direction): void {
  const state = store.get()
  const { workflow, positions } = draftOf(state)
  const focused = document.activeElement?.closest<HTMLElement>('.react-flow__node')?.dataset['id']
  const [selected] = state.selection.nodes
  const next = walk(workflow.graph, positions, focused ?? selected ?? '', direction)
  if (next === undefined) return
  store.change((before) => select(before, [next]))
  document
    .querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(next)}"]`)
    ?.focus({ preventScroll: true })
}

/** From the palette to the canvas to the inspector, and round. */
function goToNextRegion(by: 1 | -1): void {
  const at = REGIONS.findIndex((region) => document.activeElement?.closest(region))
  const next = REGIONS[(at + by + REGIONS.length) % REGIONS.length] ?? ''
  const region = document.querySelector<HTMLElement>(next)
  const first = next === '.palette' ? region?.querySelector<HTMLElement>('button') : region
  first?.focus()
}
