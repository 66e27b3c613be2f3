/** The area of a loop as a node of a canvas, behind all others. No React. */
import type { Node } from '@xyflow/react'
import type { Area } from '../graph/loops'

export type LoopCanvasNode = Node<{ label: string }, 'loop'>

const PREFIX = '\0loop ' // so that it is no node's id

export function isAreaId(id: string): boolean {
  return id.startsWith(PREFIX)
}

export function drawArea(head: string, { x, y, width, height }: Area, label: string): LoopCanvasNode {
  return {
    id: `${PREFIX}${head}`,
    type: 'loop',
    position: { x, y },
    width,
    height,
    zIndex: -1,
    data: { label },
    selectable: false,
    focusable: false,
    draggable: false,
    deletable: false,
    connectable: false,
    style: { pointerEvents: 'none' },
  }
}
