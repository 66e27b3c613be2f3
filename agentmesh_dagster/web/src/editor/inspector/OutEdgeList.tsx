import type { GraphEdge, GraphNode } from '../../api/types'
import { mayCatch } from '../../graph/edgeLabels'
import { findNode, mayConnect, moveEdge, remove, setCondition, titleOf } from '../../graph/edits'
import { edgesOf, hasConditions, nodeType } from '../../types/types'
import { Combobox } from '../../ui/Combobox'
import { Icon } from '../../ui/icons'
import { changeGraph, connectNodes, graphOf, select } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { ConditionField } from './ConditionField'
import { PlacedGroup, SubjectContext } from './PlacedField'

/** Where a node leads: its out-edges in their order, with conditions where they count, and a field that adds one. */
export function OutEdgeList({ node }: { node: GraphNode }) {
  const store = useEditorStore()
  const graph = useEditor(graphOf)
  const edges = graph.edges.filter(({ fromNodeId }) => fromNodeId === node.id)
  const targets = graph.nodes.filter(
    ({ id }) =>
      mayConnect(graph, node.id, id) &&
      (nodeType(node.type).mayChoose || !edges.some((edge) => edge.toNodeId === id)),
  )
  return (
    <PlacedGroup place="edges" label="Next" hint={hintFor(node, edges)}>
      {edges.length > 0 && (
        <ol className="edges plain">
          {edges.map((edge, at) => (
            <li key={edge.id}>
              <OutEdge node={node} edge={edge} isFirst={at === 0} isLast={at === edges.length - 1} />
            </li>
          ))}
        </ol>
      )}
      <Combobox
        label="Connect to"
        placeholder={targets.length > 0 ? 'Connect to …' : 'No other node to connect to'}
        value=""
        options={targets.map((one) => ({
          value: one.id,
          label: titleOf(one),
          detail: nodeType(one.type).label,
        }))}
        onChange={(id) => store.change((state) => connectNodes(state, node.id, id))}
      />
    </PlacedGroup>
  )
}

interface OutEdgeProps {
  node: GraphNode
  edge: GraphEdge
  isFirst: boolean
  isLast: boolean
}

function OutEdge({ node, edge, isFirst, isLast }: OutEdgeProps) {
  const store = useEditorStore()
  const target = useEditor((state) => findNode(graphOf(state), edge.toNodeId))
  const title = target ? titleOf(target) : edge.toNodeId
  const move = (by: -1 | 1) =>
    store.change((state) => changeGraph(state, (graph) => moveEdge(graph, edge.id, by)))
  const setText = (text: string) =>
    store.change((state) =>
      changeGraph(state, (graph) => setCondition(graph, edge.id, text), `${edge.id} condition`),
    )
  const mayAsk = hasConditions(node) || mayCatch(edge)
  return (
    <SubjectContext value={{ kind: 'edge', id: edge.id }}>
      <div className="edge-row">
        <button
          type="button"
          className="edge-target truncate"
          title={`Select ${title}`}
          onClick={() => store.change((state) => select(state, [edge.toNodeId]))}
        >
          <Icon name="chevron" size={12} />
          <span className="truncate" dir="auto">
            {title}
          </span>
          {mayCatch(edge) && (
            <span className="muted small">{edge.on === 'error' ? 'on error' : 'always'}</span>
          )}
        </button>
        <SmallButton
          icon="edit"
          label={`Select the edge to ${title}`}
          onClick={() => store.change((state) => select(state, [], [edge.id]))}
        />
        {mayAsk && (
          <>
            <SmallButton
              icon="up"
              label={`Try the edge to ${title} earlier`}
              isOff={isFirst}
              onClick={() => move(-1)}
            />
            <SmallButton
              icon="down"
              label={`Try the edge to ${title} later`}
              isOff={isLast}
              onClick={() => move(1)}
            />
          </>
        )}
        <SmallButton
          icon="trash"
          label={`Remove the edge to ${title}`}
          onClick={() =>
            store.change((state) => changeGraph(state, (graph) => remove(graph, { edges: [edge.id] })))
          }
        />
      </div>
      {(mayAsk || edge.condition !== undefined) && (
        <ConditionField
          node={node}
          edge={edge}
          onChange={setText}
          label={`Condition of the edge to ${title}`}
        />
      )}
    </SubjectContext>
  )
}

interface SmallButtonProps {
  icon: 'up' | 'down' | 'trash' | 'edit'
  label: string
  isOff?: boolean
  onClick: () => void
}

function SmallButton({ icon, label, isOff = false, onClick }: SmallButtonProps) {
  return (
    <button
      type="button"
      className="button button-quiet button-small button-icon"
      aria-label={label}
      title={label}
      aria-disabled={isOff}
      onClick={isOff ? undefined : onClick}
    >
      <Icon name={icon} size={14} />
    </button>
  )
}

function hintFor(node: GraphNode, all: readonly GraphEdge[]): string | undefined {
  const edges = all.filter((edge) => !mayCatch(edge))
  const { ports, hint, plainHint } = edgesOf(node)
  if (ports === 'all') return edges.length > 1 ? 'All of these run at the same time.' : undefined
  return edges.some((edge) => edge.condition !== undefined) ? hint : (plainHint ?? hint)
}
