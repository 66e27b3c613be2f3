/** What keys do in the editor. */
import { duplicateSelected, redoEdit, removeSelected, select, selectAll, undoEdit } from './state'
import type { EditorState } from './state'

type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>

const BY_KEY: Readonly<Record<string, (state: EditorState) => EditorState>> = {
  Delete: removeSelected,
  Backspace: removeSelected,
  Escape: (state) => select(state, []),
  'mod+z': undoEdit,
  'mod+shift+z': redoEdit,
  'mod+y': redoEdit,
  'mod+a': selectAll,
  'mod+d': duplicateSelected,
}

/** The edit that a key stands for on the canvas. */
export function editFor(press: Press): ((state: EditorState) => EditorState) | undefined {
  return BY_KEY[nameOf(press)]
}

/** `mod+shift+z`: mod is Ctrl, or the command key. */
export function nameOf({ key, ctrlKey, metaKey, shiftKey, altKey }: Press): string {
  const letter = key.length === 1 ? key.toLowerCase() : key
  const mod = ctrlKey || metaKey ? 'mod+' : ''
  return `${mod}${altKey ? 'alt+' : ''}${shiftKey && mod ? 'shift+' : ''}${letter}`
}

/** Whether keys belong to a text that is being written, and not to the canvas. */
export function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest('input, textarea, select, [contenteditable], dialog') !== null
  )
}

/** What the help lists. */
export const SHORTCUTS: readonly (readonly [keys: string, does: string])[] = [
  ['Ctrl S', 'Save'],
  ['Ctrl Z, Ctrl Shift Z', 'Undo, redo'],
  ['Ctrl C, Ctrl X, Ctrl V', 'Copy, cut, paste, also into another workflow'],
  ['Ctrl D', 'Duplicate'],
  ['Ctrl A', 'Select all'],
  ['Delete', 'Remove what is selected'],
  ['Arrow keys', 'Move the selected nodes; with Shift further'],
  ['Shift and drag', 'Select what is inside a frame'],
  ['Ctrl or Shift and click', 'Add to the selection'],
  ['Tab, Enter', 'Go to a node, select it'],
  ['Ctrl and arrow keys', 'Go to the next node in that direction'],
  ['F2', 'From the node to its fields'],
  ['F6', 'From the palette to the canvas to the fields'],
  ['Escape', 'Select nothing'],
  ['Ctrl Space', 'In a condition or template: what can be named here'],
]
