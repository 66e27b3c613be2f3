import type { NodeProps } from '@xyflow/react'
import { memo } from 'react'
import type { LoopCanvasNode } from './loopNodes'
import './LoopArea.css'

/** What is played round by round, shaded behind its nodes. */
export const LoopArea = memo(function LoopArea({ data }: NodeProps<LoopCanvasNode>) {
  return (
    <div className="loop-area">
      <span className="loop-area-label truncate" dir="auto">
        {data.label}
      </span>
    </div>
  )
})
