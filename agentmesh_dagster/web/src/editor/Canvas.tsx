import {
  Background,
  BackgroundVariant,
  Controls,
  MarkerType,
  ReactFlow,
  useReactFlow,
  useStoreApi,
} from '@xyflow/react'
import type { Connection, OnConnectEnd, ReactFlowInstance } from '@xyflow/react'
import '@xyflow/react/dist/base.css'
import { useCallback, useMemo, useState } from 'react'
import type { DragEvent } from 'react'
import { useLocation } from 'wouter'
import type { NodeType } from '../api/types'
import { addresses } from '../app/addresses'
import { mayLeave } from '../app/useLeaveGuard'
import { nodeType } from '../types/types'
import type { CanvasEdge } from '../graph/canvas'
import { mayConnect } from '../graph/edits'
import { NODE_HEIGHT, NODE_WIDTH } from '../graph/layout'
import { DropMenu } from './DropMenu'
import type { ConnectionDrop } from './DropMenu'
import { GraphMap } from '../ui/GraphMap'
import { LoopArea } from '../ui/LoopArea'
import { addStep, graphOf, hasUnsavedEdits } from './state'
import { StepNode } from './StepNode'
import { useCanvas } from './useCanvas'
import type { ShownNode } from './useCanvas'
import { useReveal } from './useReveal'
import { useEditorStore } from './useEditor'
import { StepEdge } from './StepEdge'
import './canvas.css'

export const DRAGGED_TYPE = 'application/x-agentmesh-node'

const NODE_TYPES = { step: StepNode, loop: LoopArea }
const EDGE_TYPES = { labeled: StepEdge }
const ARROW = { type: MarkerType.ArrowClosed, width: 26, height: 26, markerUnits: 'userSpaceOnUse' }
const EDGE_DEFAULTS = { markerEnd: ARROW }
const FIT = { maxZoom: 1, minZoom: 0.1, padding: 0.15 }
const LEAST_ZOOM = 0.6 // below that a node is hard to read
const MARGIN = 32 // pixels before the first node
const WORDS = {
  'node.a11yDescription.default':
    'Enter selects the node, arrow keys move it, Delete removes it. Its connections are in the inspector.',
  'controls.ariaLabel': 'View',
  'controls.zoomIn.ariaLabel': 'Zoom in',
  'controls.zoomOut.ariaLabel': 'Zoom out',
  'controls.fitView.ariaLabel': 'Show all',
  'minimap.ariaLabel': 'Map of the graph',
}

interface Props {
  mayEdit: boolean
  /** A node or an edge was clicked or tapped; dragging one is not that. */
  onPick: () => void
}

/** The graph, to look at and to edit. */
export function Canvas({ mayEdit, onPick }: Props) {
  const store = useEditorStore()
  const { nodes, edges, areas, ...changes } = useCanvas()
  const shown = useMemo(() => [...areas, ...nodes], [areas, nodes])
  const { screenToFlowPosition } = useReactFlow()
  const { getState } = useStoreApi()
  useReveal()
  const isValid = useCallback(
    ({ source, target }: Connection | CanvasEdge) => mayConnect(graphOf(store.get()), source, target),
    [store],
  )
  // What the canvas is given stays the same while something is dragged: only the nodes are new with each frame.
  const onDrop = useCallback(
    (event: DragEvent) => {
      const type = event.dataTransfer.getData(DRAGGED_TYPE) as NodeType | ''
      if (!type || !mayEdit) return
      event.preventDefault()
      const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY })
      const at = { x: Math.round(x - NODE_WIDTH / 2), y: Math.round(y - NODE_HEIGHT / 2) }
      store.change((state) => addStep(state, type, at))
    },
    [store, mayEdit, screenToFlowPosition],
  )
  const [drop, setDrop] = useState<ConnectionDrop>()
  const closeMenu = useCallback(() => setDrop(undefined), [])
  const onConnectEnd = useCallback<OnConnectEnd>(
    (event, { fromNode, fromHandle, toNode }) => {
      if (!(event instanceof MouseEvent) || toNode || !fromNode || fromHandle?.type !== 'source') return
      const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY })
      const at = { x: Math.round(x), y: Math.round(y - NODE_HEIGHT / 2) }
      setDrop({ fromNodeId: fromNode.id, at, left: event.clientX, top: event.clientY })
    },
    [screenToFlowPosition],
  )
  const [, navigate] = useLocation()
  // The page of the workflow that a node runs; its own inspector has the same as a link.
  const onOpen = useCallback(
    (_: unknown, { type, data }: ShownNode) => {
      const workflowId = type === 'step' ? data.node.workflowId : undefined
      if (workflowId && mayLeave(hasUnsavedEdits(store.get()))) navigate(addresses.workflow(workflowId))
    },
    [store, navigate],
  )
  const onInit = useCallback(
    (flow: ReactFlowInstance<ShownNode, CanvasEdge>) => showFirst(flow, getState()),
    [getState],
  )
  return (
    <ReactFlow<ShownNode, CanvasEdge>
      nodes={shown}
      edges={edges}
      {...changes}
      onNodeClick={onPick}
      onNodeDoubleClick={onOpen}
      onEdgeClick={onPick}
      onConnectEnd={onConnectEnd}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      defaultEdgeOptions={EDGE_DEFAULTS}
      isValidConnection={isValid}
      nodesDraggable={mayEdit}
      nodesConnectable={mayEdit}
      edgesReconnectable={mayEdit}
      reconnectRadius={26} // around the area of the handle, which lies on top
      edgesFocusable={false} // there are too many to go through: the inspector of the node they leave has them
      deleteKeyCode={null}
      multiSelectionKeyCode={MULTI_KEYS}
      connectionRadius={28}
      minZoom={0.1}
      maxZoom={2}
      onInit={onInit}
      ariaLabelConfig={WORDS}
      onDrop={onDrop}
      onDragOver={onDragOver}
    >
      {drop && <DropMenu {...drop} onClose={closeMenu} />}
      <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
      <Controls
        showInteractive={false}
        fitViewOptions={FIT}
        position="bottom-left"
        orientation="horizontal"
      />
      <GraphMap<ShownNode> nodeColor={mapColor} />
    </ReactFlow>
  )
}

/** All of the graph; where that would be too small to read, its beginning. */
function showFirst(
  flow: ReactFlowInstance<ShownNode, CanvasEdge>,
  { width, height }: { width: number; height: number },
) {
  const nodes = flow.getNodes().filter((node) => node.type === 'step')
  const bounds = flow.getNodesBounds(nodes)
  const zoom = Math.min(width / bounds.width, height / bounds.height) / (1 + FIT.padding)
  const first = nodes.find(({ data }) => nodeType(data.node.type).place === 'start') ?? nodes[0]
  if (!first || zoom >= LEAST_ZOOM) return void flow.fitView(FIT)
  const x = MARGIN - first.position.x * LEAST_ZOOM
  const y = height / 2 - (first.position.y + NODE_HEIGHT / 2) * LEAST_ZOOM
  return void flow.setViewport({ x, y, zoom: LEAST_ZOOM })
}

const MULTI_KEYS = ['Meta', 'Control', 'Shift']

function mapColor({ type, data }: ShownNode): string {
  return type === 'loop' ? 'transparent' : `var(--${nodeType(data.node.type).tone})`
}

function onDragOver(event: DragEvent) {
  if (!event.dataTransfer.types.includes(DRAGGED_TYPE)) return
  event.preventDefault()
  event.dataTransfer.dropEffect = 'copy'
}
