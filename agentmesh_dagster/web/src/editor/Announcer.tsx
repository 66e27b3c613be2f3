import { findNode, titleOf } from '../graph/edits'
import { nodeType } from '../types/types'
import { graphOf } from './state'
import type { EditorState } from './state'
import { useEditor } from './useEditor'

/** Tells those who hear the page what is selected, and so what was just added. */
export function Announcer() {
  const text = useEditor(describeSelection)
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  )
}

function describeSelection(state: EditorState): string {
  const { nodes, edges } = state.selection
  const graph = graphOf(state)
  if (nodes.size + edges.size > 1) return `${nodes.size} nodes and ${edges.size} edges selected`
  const [nodeId] = nodes
  const node = nodeId === undefined ? undefined : findNode(graph, nodeId)
  if (node) {
    const before = graph.edges
      .filter((edge) => edge.toNodeId === node.id)
      .map((edge) => findNode(graph, edge.fromNodeId))
    const behind = before.flatMap((one) => (one ? [titleOf(one)] : [])).join(', ')
    return `${nodeType(node.type).label} ${titleOf(node)} selected${behind ? `, behind ${behind}` : ''}`
  }
  return edges.size === 1 ? 'Edge selected' : ''
}
