import { applyNodeChanges } from '@xyflow/react'
import type { Connection, EdgeChange, NodeChange, NodePositionChange } from '@xyflow/react'
import { useCallback, useMemo, useState } from 'react'
import type { Loop } from '../api/types'
import { findNode, reconnect, titleOf } from '../graph/edits'
import { areaOf } from '../graph/loops'
import { drawArea, isAreaId } from '../ui/loopNodes'
import type { LoopCanvasNode } from '../ui/loopNodes'
import { toCanvas } from '../graph/canvas'
import type { CanvasEdge, CanvasNode } from '../graph/canvas'
import { changeGraph, connectNodes, moveNodes, select, settleEdits, draftOf } from './state'
import type { Draft } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** What the canvas draws, and what happens on it. While something is dragged only the canvas knows where it is: the
 *  draft hears of it when it is dropped. */
export function useCanvas() {
  const store = useEditorStore()
  const draft = useEditor(draftOf)
  const selection = useEditor((state) => state.selection)
  const loops = useEditor((state) => state.loops)
  const [given, setGiven] = useState({ draft, selection, loops })
  const [drawn, setDrawn] = useState(() =>
    toCanvas(draft.workflow.graph, draft.positions, undefined, selection, loops),
  )
  if (given.draft !== draft || given.selection !== selection || given.loops !== loops) {
    setGiven({ draft, selection, loops })
    setDrawn(toCanvas(draft.workflow.graph, draft.positions, drawn, selection, loops))
  }

  const onNodesChange = useCallback(
    (all: NodeChange<ShownNode>[]) => {
      const changes = all.filter(isOfStep)
      const picks = changes.filter((change) => change.type === 'select')
      if (picks.length > 0) {
        store.change((state) =>
          select(state, applyPicks(state.selection.nodes, picks), state.selection.edges),
        )
      }
      const moves = changes.filter((change) => change.type === 'position' || change.type === 'dimensions')
      if (moves.length > 0)
        setDrawn((before) => ({ ...before, nodes: applyNodeChanges(moves, before.nodes) }))
      const dropped = changes.filter(isDropped)
      if (dropped.length > 0) {
        const places = new Map(dropped.map(({ id, position }) => [id, position]))
        store.change((state) => moveNodes(state, places, 'move'))
      }
    },
    [store],
  )
  const onEdgesChange = useCallback(
    (changes: EdgeChange<CanvasEdge>[]) => {
      const picks = changes.filter((change) => change.type === 'select')
      if (picks.length === 0) return
      store.change((state) => select(state, state.selection.nodes, applyPicks(state.selection.edges, picks)))
    },
    [store],
  )
  const onConnect = useCallback(
    ({ source, target }: Connection) => store.change((state) => connectNodes(state, source, target)),
    [store],
  )
  const onReconnect = useCallback(
    ({ id }: CanvasEdge, { source, target }: Connection) =>
      store.change((state) => changeGraph(state, (graph) => reconnect(graph, id, source, target))),
    [store],
  )
  const areas = useMemo(() => drawAreas(loops, draft), [loops, draft])
  const onNodeDragStart = useCallback(() => store.change(settleEdits), [store])
  return { ...drawn, areas, onNodesChange, onEdgesChange, onConnect, onReconnect, onNodeDragStart }
}

/** What the canvas shows: the steps, and behind them the areas of loops. */
export type ShownNode = CanvasNode | LoopCanvasNode

/** Areas follow their nodes: nothing happens to them. */
function isOfStep(change: NodeChange<ShownNode>): change is NodeChange<CanvasNode> {
  return !('id' in change && isAreaId(change.id))
}

function drawAreas(loops: readonly Loop[], { workflow, positions }: Draft): LoopCanvasNode[] {
  return loops.flatMap((loop) => {
    const head = findNode(workflow.graph, loop.head)
    const area = areaOf(loop, loops, positions)
    return area && head ? drawArea(loop.head, area, `Loop from ${titleOf(head)}`) : []
  })
}

function applyPicks(
  chosen: ReadonlySet<string>,
  picks: readonly { id: string; selected: boolean }[],
): ReadonlySet<string> {
  const next = new Set(chosen)
  for (const { id, selected } of picks) {
    if (selected) next.add(id)
    else next.delete(id)
  }
  return next
}

function isDropped(
  change: NodeChange<CanvasNode>,
): change is NodePositionChange & { position: { x: number; y: number } } {
  return change.type === 'position' && change.dragging !== true && change.position !== undefined
}
