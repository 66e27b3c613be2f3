import { BaseEdge, getBezierPath } from '@xyflow/react'
import type { EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import type { CanvasEdge } from '../graph/canvas'
import { isWarning, messageOf } from '../graph/issues'
import { routeBack } from '../graph/loops'
import { Icon } from '../ui/icons'
import { issuesOf } from './issuesOf'
import { useEditor } from './useEditor'

const MIDDLE = { x: 0, y: 0, width: 40 }
const HEIGHT = 24

/** An edge with its condition. The label is part of the drawing: as a portal each of them would search the page for
 *  its place with every step of a drag. */
export const StepEdge = memo(function StepEdge(props: EdgeProps<CanvasEdge>) {
  const { id, selected = false, data, markerEnd } = props
  const issues = useEditor((state) => issuesOf(state, { kind: 'edge', id }))
  const lane = data?.lane ?? 0
  const [path, x, y] = routeOf(props, lane)
  const isFaulty = issues.some((issue) => !isWarning(issue))
  const label = data?.label ?? ''
  const aside = data?.aside ?? MIDDLE
  return (
    <>
      <BaseEdge
        path={path}
        markerEnd={markerEnd}
        className={isFaulty ? 'edge edge-invalid' : `edge edge-on-${data?.edge.on ?? 'success'}`}
        interactionWidth={24}
      />
      {(label || issues.length > 0) && (
        <foreignObject
          className="edge-label-place"
          x={x + aside.x - aside.width / 2}
          y={y + aside.y - HEIGHT / 2}
          width={aside.width}
          height={HEIGHT}
        >
          <div
            className={`edge-label ${selected ? 'edge-label-selected' : ''} ${isFaulty ? 'edge-label-faulty' : ''}`}
            title={[data?.edge.condition ?? label, ...issues.map(messageOf)].filter(Boolean).join('\n')}
          >
            {issues.length > 0 && <Icon name="warning" size={12} />}
            <span className="truncate">{label}</span>
          </div>
        </foreignObject>
      )}
    </>
  )
})

function routeOf(props: EdgeProps<CanvasEdge>, lane: number): readonly [string, number, number] {
  const { sourceX, sourceY, targetX, targetY, data } = props
  if (data?.back !== undefined) {
    const { path, label } = routeBack({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, data.back)
    return [path, label.x, label.y]
  }
  const [path, x, y] = getBezierPath({
    ...props,
    curvature: 0.25 + lane * 0.35,
    sourceY: sourceY + lane * 4,
    targetY: targetY + lane * 4,
  })
  return [path, x, y]
}
