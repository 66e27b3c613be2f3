import { BaseEdge, EdgeLabelRenderer, getBezierPath } from '@xyflow/react'
import type { EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { routeBack } from '../../graph/loops'
import type { RunCanvasEdge } from './canvas'

const MIDDLE = { x: 0, y: 0, width: 0 }

/** An edge: thick and whole where it was taken, thin and dashed where not. */
export const RunEdge = memo(function RunEdge(props: EdgeProps<RunCanvasEdge>) {
  const { data, markerEnd } = props
  const { path, x, y } = routeOf(props)
  const label = data?.label ?? ''
  const { x: right, y: down, width } = data?.aside ?? MIDDLE
  const condition = data?.edge.condition ?? label
  const isTaken = data?.isTaken === true
  return (
    <>
      <BaseEdge
        path={path}
        markerEnd={markerEnd}
        className={isTaken ? 'run-edge run-edge-taken' : 'run-edge'}
        interactionWidth={0}
      />
      {label && (
        <EdgeLabelRenderer>
          <div
            className={isTaken ? 'run-edge-label run-edge-label-taken truncate' : 'run-edge-label truncate'}
            style={{
              maxWidth: width,
              transform: `translate(-50%, -50%) translate(${x + right}px, ${y + down}px)`,
            }}
            title={`${isTaken ? 'Taken' : 'Not taken'}: ${condition}`}
          >
            {label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  )
})

function routeOf(props: EdgeProps<RunCanvasEdge>): { path: string; x: number; y: number } {
  const { sourceX, sourceY, targetX, targetY, data } = props
  if (data?.lane !== undefined) {
    const { path, label } = routeBack({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, data.lane)
    return { path, ...label }
  }
  const [path, x, y] = getBezierPath({ ...props, curvature: 0.25 })
  return { path, x, y }
}
