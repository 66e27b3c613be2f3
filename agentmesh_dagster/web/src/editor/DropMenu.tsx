import { useEffect, useRef } from 'react'
import { createPortal } from 'react-dom'
import type { Position } from '../graph/layout'
import { NodeIcon } from '../types/NodeIcon'
import { nodeTypes } from '../types/types'
import { addStepFrom } from './state'
import { useEditorStore } from './useEditor'

/** An edge that was drawn from a node and let go in the open. */
export interface ConnectionDrop {
  fromNodeId: string
  /** The place on the canvas, and on the screen. */
  at: Position
  left: number
  top: number
}

const HEIGHT = 190 // of the menu, about

/** Asks which node is to stand at the end of the edge. */
export function DropMenu({ fromNodeId, at, left, top, onClose }: ConnectionDrop & { onClose: () => void }) {
  const store = useEditorStore()
  const menu = useRef<HTMLDivElement>(null)
  useEffect(() => {
    menu.current?.querySelector('button')?.focus()
    const onPress = (event: Event) => {
      if (event.target instanceof Node && !menu.current?.contains(event.target)) onClose()
    }
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onClose()
    }
    document.addEventListener('pointerdown', onPress, true)
    document.addEventListener('keydown', onKeyDown)
    return () => {
      document.removeEventListener('pointerdown', onPress, true)
      document.removeEventListener('keydown', onKeyDown)
    }
  }, [onClose])
  return createPortal(
    <div
      className="drop-menu"
      role="group"
      aria-label="Add a node at the end of the edge"
      ref={menu}
      style={{ left, top: Math.min(top, window.innerHeight - HEIGHT) }}
    >
      {nodeTypes()
        .filter(({ place }) => place !== 'start')
        .map(({ type, label }) => (
          <button
            key={type}
            type="button"
            className="drop-menu-item"
            onClick={() => {
              store.change((state) => addStepFrom(state, fromNodeId, type, at))
              onClose()
            }}
          >
            <NodeIcon type={type} size={15} />
            {label}
          </button>
        ))}
    </div>,
    document.body,
  )
}
