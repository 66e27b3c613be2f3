import { useReactFlow, useStoreApi } from '@xyflow/react'
import { useEffect } from 'react'
import { NODE_HEIGHT, NODE_WIDTH } from '../graph/layout'
import { draftOf } from './state'
import { useEditor, useEditorStore } from './useEditor'

const MARGIN = 24 // pixels between a node that comes into view and the border

/** Brings the one node that is selected into view, wherever it was selected: in a list, by adding it, by undo. */
export function useReveal(): void {
  const store = useEditorStore()
  const flow = useReactFlow()
  const { getState } = useStoreApi()
  const nodes = useEditor((state) => state.selection.nodes)
  useEffect(() => {
    const [id] = nodes
    const place = nodes.size === 1 && id !== undefined ? draftOf(store.get()).positions.get(id) : undefined
    const { width, height } = getState()
    if (!place || width === 0) return
    const { x, y, zoom } = flow.getViewport()
    const byX = howFar(place.x * zoom + x, NODE_WIDTH * zoom, width)
    const byY = howFar(place.y * zoom + y, NODE_HEIGHT * zoom, height)
    if (byX !== 0 || byY !== 0) void flow.setViewport({ x: x + byX, y: y + byY, zoom }, { duration: 200 })
  }, [nodes, store, flow, getState])
}

/** How far something must move to stand inside of a length. */
function howFar(from: number, size: number, length: number): number {
  if (from < MARGIN) return MARGIN - from
  const over = from + size + MARGIN - length
  return over > 0 ? -over : 0
}
