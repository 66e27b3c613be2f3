import { Icon } from '../../ui/icons'
import { duplicateSelected, graphOf, removeSelected, select } from '../state'
import { titleOf } from '../../graph/edits'
import { useEditor, useEditorStore } from '../useEditor'

/** More than one thing is selected. */
export function ManyInspector() {
  const store = useEditorStore()
  const selection = useEditor((state) => state.selection)
  const graph = useEditor(graphOf)
  const nodes = graph.nodes.filter(({ id }) => selection.nodes.has(id))
  return (
    <div className="stack inspector-body">
      <h2>
        {formatCount(nodes.length, 'node')}{' '}
        {selection.edges.size > 0 && `and ${formatCount(selection.edges.size, 'edge')}`} selected
      </h2>
      <div className="row row-wrap">
        <button type="button" className="button" onClick={() => store.change(duplicateSelected)}>
          <Icon name="copy" />
          Duplicate
        </button>
        <button type="button" className="button" onClick={() => store.change(removeSelected)}>
          <Icon name="trash" />
          Remove
        </button>
      </div>
      <p className="muted small">
        Drag one of them to move all. Ctrl C copies them, also into another workflow.
      </p>
      <ul className="plain many">
        {nodes.map((node) => (
          <li key={node.id}>
            <button
              type="button"
              className="edge-target truncate"
              onClick={() => store.change((state) => select(state, [node.id]))}
            >
              <span className="truncate" dir="auto">
                {titleOf(node)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

function formatCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
