import type { NodeType } from '../../api/types'
import { mayCatch } from '../../graph/edgeLabels'
import { findNode, leadsBack, moveEdge, setCondition, setMaxRounds, setOn, titleOf } from '../../graph/edits'
import { NodeIcon } from '../../types/NodeIcon'
import { hasConditions, nodeType, nodeTypes } from '../../types/types'
import { Icon } from '../../ui/icons'
import { addStep, changeGraph, graphOf, removeSelected, select } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { ConditionField } from './ConditionField'
import { InspectorHead } from './InspectorHead'
import { MaxRoundsField } from './MaxRoundsField'
import { OtherIssues } from './OtherIssues'

/** One edge: its ends, its condition, its place among those that leave the same node. */
export function EdgeInspector({ id }: { id: string }) {
  const store = useEditorStore()
  const edge = useEditor((state) => graphOf(state).edges.find((one) => one.id === id))
  const from = useEditor((state) => findNode(graphOf(state), edge?.fromNodeId ?? ''))
  const to = useEditor((state) => findNode(graphOf(state), edge?.toNodeId ?? ''))
  const isBack = useEditor(
    (state) =>
      edge !== undefined &&
      (edge.maxRounds !== undefined || leadsBack(graphOf(state), edge.fromNodeId, edge.toNodeId)),
  )
  if (!edge || !from) return null
  const between = nodeTypes().filter(({ place }) => place === 'between')
  const mayAsk = hasConditions(from) || mayCatch(edge)
  const mayFail = nodeType(from.type).place !== 'start'
  const follow = (on: Parameters<typeof setOn>[2]) =>
    store.change((state) => changeGraph(state, (graph) => setOn(graph, id, on)))
  const move = (by: -1 | 1) => store.change((state) => changeGraph(state, (graph) => moveEdge(graph, id, by)))
  const goTo = (nodeId: string) => store.change((state) => select(state, [nodeId]))
  const insert = (type: NodeType) => store.change((state) => addStep(state, type))
  return (
    <div className="stack inspector-body">
      <InspectorHead
        icon={<Icon name="chevron" size={18} />}
        title="Edge"
        onRemove={() => store.change(removeSelected)}
      />
      <OtherIssues />
      <dl className="ends">
        <dt>From</dt>
        <dd>
          <button type="button" className="edge-target" onClick={() => goTo(edge.fromNodeId)}>
            <span dir="auto">{titleOf(from)}</span>
          </button>
        </dd>
        <dt>To</dt>
        <dd>
          <button type="button" className="edge-target" onClick={() => goTo(edge.toNodeId)}>
            <span dir="auto">{to ? titleOf(to) : edge.toNodeId}</span>
          </button>
        </dd>
      </dl>
      {(mayFail || mayCatch(edge)) && (
        <label className="field" data-place="on">
          <span className="field-label">Followed</span>
          <select
            className="input"
            value={edge.on ?? 'success'}
            onChange={(event) => follow(event.target.value as Parameters<typeof setOn>[2])}
          >
            <option value="success">when it has succeeded</option>
            <option value="error">when it has failed: the run goes on</option>
            <option value="always">always, also when it has failed</option>
          </select>
        </label>
      )}
      {isBack && (
        <MaxRoundsField
          value={edge.maxRounds}
          onChange={(maxRounds) =>
            store.change((state) =>
              changeGraph(state, (graph) => setMaxRounds(graph, id, maxRounds), `${id} maxRounds`),
            )
          }
        />
      )}
      {(mayAsk || edge.condition !== undefined) && (
        <div className="field">
          <span className="field-label">Condition</span>
          <ConditionField
            node={from}
            edge={edge}
            label="Condition"
            onChange={(text) =>
              store.change((state) =>
                changeGraph(state, (graph) => setCondition(graph, id, text), `${id} condition`),
              )
            }
          />
        </div>
      )}
      {mayAsk && (
        <div className="row">
          <button type="button" className="button button-small" onClick={() => move(-1)}>
            <Icon name="up" size={14} />
            Try earlier
          </button>
          <button type="button" className="button button-small" onClick={() => move(1)}>
            <Icon name="down" size={14} />
            Try later
          </button>
        </div>
      )}
      <div className="field" role="group" aria-label="Put a node onto the edge">
        <span className="field-label">Put a node onto it</span>
        <div className="row row-wrap">
          {between.map(({ type, label }) => (
            <button key={type} type="button" className="button button-small" onClick={() => insert(type)}>
              <NodeIcon type={type} size={14} />
              {label}
            </button>
          ))}
        </div>
      </div>
    </div>
  )
}
