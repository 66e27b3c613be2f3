import { BaseEdge, EdgeLabelRenderer, getBezierPath } from '@xyflow/react'
import type { EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import type { RunCanvasEdge } from './canvas'

/** An edge: thick and whole where it was taken, thin and dashed where not. */
export const RunEdge = memo(function RunEdge(props: EdgeProps<RunCanvasEdge>) {
  const { data, markerEnd } = props
  const [path, x, y] = getBezierPath({ ...props, curvature: 0.25 })
  const label = data?.label ?? ''
  const aside = data?.aside ?? { x: 0, y: 0 }
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
            style={{ transform: `translate(-50%, -50%) translate(${x + aside.x}px, ${y + aside.y}px)` }}
            title={`${isTaken ? 'Taken' : 'Not taken'}: ${condition}`}
          >
            {isTaken ? '✓ ' : ''}
            {label.replace(/^\d+\. /, '').replaceAll('context.last_output.', '')}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  )
})
