import type { DragEvent } from 'react'
import type { NodeType } from '../api/types'
import { kindStyle, NodeIcon } from '../types/NodeIcon'
import { nodeType, nodeTypes } from '../types/types'
import { DRAGGED_TYPE } from './Canvas'
import { addStep, graphOf } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** The node types. A click adds a node behind the selected one, or onto the selected edge; a drag puts it anywhere. */
export function Palette() {
  const store = useEditorStore()
  const hasStart = useEditor((state) =>
    graphOf(state).nodes.some(({ type }) => nodeType(type).place === 'start'),
  )
  return (
    <div className="palette" role="toolbar" aria-label="Add a node" aria-orientation="vertical">
      {nodeTypes()
        .filter(({ place }) => place !== 'start' || !hasStart)
        .map(({ type, label, purpose }) => (
          <button
            key={type}
            type="button"
            className="palette-item"
            style={kindStyle(type)}
            title={`${purpose} Click: behind what is selected. Or drag it to a place.`}
            aria-label={`Add ${label}`}
            draggable
            onDragStart={(event) => beginDrag(event, type)}
            onClick={() => store.change((state) => addStep(state, type))}
          >
            <span className="step-icon">
              <NodeIcon type={type} size={18} />
            </span>
            {label}
          </button>
        ))}
    </div>
  )
}

function beginDrag(event: DragEvent, type: NodeType) {
  event.dataTransfer.setData(DRAGGED_TYPE, type)
  event.dataTransfer.effectAllowed = 'copy'
}
