import { Background, BackgroundVariant, Controls, ReactFlow } from '@xyflow/react'
import type { NodeChange } from '@xyflow/react'
import '@xyflow/react/dist/base.css'
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Workflow, WorkflowGraph } from '../../api/types'
import type { Positions } from '../../graph/layout'
import { readLayout } from '../../graph/positions'
import { drawRun, firstViewport, FIT } from './canvas'
import type { RunCanvas, RunCanvasEdge, RunCanvasNode } from './canvas'
import { placeNodes } from './layered'
import type { LevelView } from './rounds'
import { OpenCall } from './openCall'
import { LoopArea } from '../../ui/LoopArea'
import type { LoopCanvasNode } from '../../ui/loopNodes'
import { GraphMap } from '../../ui/GraphMap'
import { RunEdge } from './RunEdge'
import { RunNode } from './RunNode'
import './RunGraph.css'

interface Props {
  graph: WorkflowGraph
  layout: Workflow['layout']
  view: LevelView
  chosenId: string | undefined
  onChoose: (nodeId: string | undefined) => void
  /** Shows the graph of what a node calls. */
  onOpen?: (nodeId: string) => void
}

const NODE_TYPES = { step: RunNode, loop: LoopArea }
const EDGE_TYPES = { labeled: RunEdge }
const FAR_ZOOM = 0.62 // below that nodes show less, and larger
const WORDS = {
  'node.a11yDescription.default': 'Enter shows the step.',
  'controls.ariaLabel': 'View',
  'controls.zoomIn.ariaLabel': 'Zoom in',
  'controls.zoomOut.ariaLabel': 'Zoom out',
  'controls.fitView.ariaLabel': 'Show all',
  'minimap.ariaLabel': 'Map of the graph',
}

/** The graph of a run: each node in its status, and the edges that were taken. */
export function RunGraph(props: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState<Size>()
  useLayoutEffect(() => {
    if (frame.current) setSize({ width: frame.current.clientWidth, height: frame.current.clientHeight })
  }, [])
  return (
    <div className="run-graph-frame" ref={frame}>
      {size && <SizedGraph {...props} size={size} />}
    </div>
  )
}

interface Size {
  width: number
  height: number
}

function SizedGraph({
  graph,
  layout,
  view,
  chosenId,
  onChoose,
  onOpen = openNothing,
  size,
}: Props & { size: Size }) {
  const positions = useMemo(() => placeNodes(graph, readLayout(layout)), [graph, layout])
  const [first] = useState(() => {
    const drawing = { graph, positions, ...view, chosenId, isFar: true }
    return firstViewport(drawRun(drawing, NOTHING).nodes, size.width, size.height)
  })
  const [isFar, setFar] = useState(first.zoom < FAR_ZOOM)
  const { nodes, edges, loops } = useDrawing(graph, positions, view, chosenId, isFar)
  const drawn = useMemo(() => [...loops, ...nodes], [loops, nodes])
  const onNodesChange = useCallback(
    (changes: NodeChange<Drawn>[]) => {
      const chosen = changes.find((change) => change.type === 'select' && change.selected)
      if (chosen?.type === 'select') onChoose(chosen.id)
    },
    [onChoose],
  )
  return (
    <OpenCall value={onOpen}>
      <ReactFlow<Drawn, RunCanvasEdge>
        className={isFar ? 'run-graph run-graph-far' : 'run-graph'}
        nodes={drawn}
        edges={edges}
        onNodesChange={onNodesChange}
        onMove={(_, { zoom }) => setFar(zoom < FAR_ZOOM)}
        onNodeDoubleClick={(_, { type, data }) => {
          if (type === 'step' && data.mayOpen) onOpen(data.node.id)
        }}
        zoomOnDoubleClick={false}
        onPaneClick={() => onChoose(undefined)}
        defaultViewport={first}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        onlyRenderVisibleElements
        minZoom={FIT.minZoom}
        maxZoom={2}
        ariaLabelConfig={WORDS}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
        <Controls
          showInteractive={false}
          fitViewOptions={FIT}
          position="bottom-left"
          orientation="horizontal"
        />
        {nodes.length > 12 && <GraphMap<Drawn> nodeClassName={mapClass} />}
      </ReactFlow>
    </OpenCall>
  )
}

function useDrawing(
  graph: WorkflowGraph,
  positions: Positions,
  view: LevelView,
  chosenId: string | undefined,
  isFar: boolean,
): RunCanvas {
  const [drawn, setDrawn] = useState<RunCanvas>(NOTHING)
  const [source, setSource] = useState<readonly unknown[]>([])
  const wanted = [graph, positions, view, chosenId, isFar]
  if (wanted.every((one, at) => one === source[at])) return drawn
  const next = drawRun({ graph, positions, ...view, chosenId, isFar }, drawn)
  setSource(wanted)
  setDrawn(next)
  return next
}

type Drawn = RunCanvasNode | LoopCanvasNode

function openNothing(): void {
  // A graph beside others shows no sub-workflows.
}

const NOTHING: RunCanvas = { nodes: [], edges: [], loops: [] }

function mapClass({ type, data }: Drawn): string {
  return type === 'loop' ? 'run-map-loop' : `run-map-${data.state?.status ?? 'unreached'}`
}
