import { MiniMap, useStore } from '@xyflow/react'
import type { MiniMapProps, Node, ReactFlowState } from '@xyflow/react'
import { NODE_HEIGHT, NODE_WIDTH } from '../graph/layout'
import './GraphMap.css'

/** The map of a graph, as long as some of it is out of sight: where all is seen it would only lie over nodes. */
export function GraphMap<Some extends Node>(looks: Pick<MiniMapProps<Some>, 'nodeClassName' | 'nodeColor'>) {
  const isAllSeen = useStore(seesAll)
  if (isAllSeen) return null
  return <MiniMap<Some> pannable zoomable position="bottom-right" nodeBorderRadius={10} {...looks} />
}

function seesAll({ nodes, transform: [x, y, zoom], width, height }: ReactFlowState): boolean {
  return nodes.every(({ position }) => {
    const left = position.x * zoom + x
    const top = position.y * zoom + y
    return left >= 0 && top >= 0 && left + NODE_WIDTH * zoom <= width && top + NODE_HEIGHT * zoom <= height
  })
}
