import type { DragEvent } from 'react'
import type { NodeType } from '../api/types'
import { NODE_PURPOSES, NODE_TYPES, NODE_WORDS } from '../graph/words'
import { Icon, NODE_ICONS } from '../ui/icons'
import { DRAGGED_TYPE } from './Canvas'
import { addStep, graphOf } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** The node types. A click adds a node behind the selected one, or onto the selected edge; a drag puts it anywhere. */
export function Palette() {
  const store = useEditorStore()
  const hasStart = useEditor((state) => graphOf(state).nodes.some(({ type }) => type === 'start'))
  return (
    <div className="palette" role="toolbar" aria-label="Add a node" aria-orientation="vertical">
      {NODE_TYPES.filter((type) => type !== 'start' || !hasStart).map((type) => (
        <button
          key={type}
          type="button"
          className={`palette-item palette-${type}`}
          title={`${NODE_PURPOSES[type]} Click: behind what is selected. Or drag it to a place.`}
          aria-label={`Add ${NODE_WORDS[type]}`}
          draggable
          onDragStart={(event) => beginDrag(event, type)}
          onClick={() => store.change((state) => addStep(state, type))}
        >
          <span className="step-icon">
            <Icon name={NODE_ICONS[type]} size={18} />
          </span>
          {NODE_WORDS[type]}
        </button>
      ))}
    </div>
  )
}

function beginDrag(event: DragEvent, type: NodeType) {
  event.dataTransfer.setData(DRAGGED_TYPE, type)
  event.dataTransfer.effectAllowed = 'copy'
}
