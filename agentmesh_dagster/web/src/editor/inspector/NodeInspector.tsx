import { useState } from 'react'
import type { GraphNode } from '../../api/types'
import { findNode, titleOf } from '../../graph/edits'
import { kindStyle, NodeIcon } from '../../types/NodeIcon'
import { nodeType } from '../../types/types'
import { Field } from '../../ui/Field'
import { duplicateSelected, graphOf, removeSelected, renameStep, select, settleEdits } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { PartField } from './asset/PartField'
import { ConfigForm } from './ConfigForm'
import { InputSchemaField } from './InputSchemaField'
import { InspectorHead } from './InspectorHead'
import { NamedField } from './NamedField'
import { OtherIssues } from './OtherIssues'
import { PlacedField, useFault } from './PlacedField'
import { useSetNode } from './useConfig'
import { OutEdgeList } from './OutEdgeList'

/** All that can be said of one node. */
export function NodeInspector({ id }: { id: string }) {
  const store = useEditorStore()
  const node = useEditor((state) => findNode(graphOf(state), id))
  if (!node) return null
  const { label, purpose, place } = nodeType(node.type)
  return (
    <div className="stack inspector-body">
      <InspectorHead
        icon={<NodeIcon type={node.type} size={18} />}
        style={kindStyle(node.type)}
        title={label}
        onDuplicate={place === 'start' ? undefined : () => store.change(duplicateSelected)}
        onRemove={() => store.change(removeSelected)}
      >
        {purpose}
      </InspectorHead>
      <OtherIssues />
      <LabelField node={node} />
      <NamedField node={node} />
      {place === 'start' && <InputSchemaField />}
      <ConfigForm node={node} />
      {place !== 'end' && <OutEdgeList node={node} />}
      <ConfigForm node={node} isLast />
      {place === 'between' && <PartField node={node} />}
      <IdField key={node.id} node={node} />
    </div>
  )
}

function LabelField({ node }: { node: GraphNode }) {
  const setNode = useSetNode(node.id)
  return (
    <PlacedField place="label" label="Label">
      {(field) => (
        <input
          {...field}
          className="input"
          dir="auto"
          autoComplete="off"
          placeholder={node.id}
          value={node.label}
          onChange={(event) => setNode({ label: event.target.value })}
        />
      )}
    </PlacedField>
  )
}

/** The id: taken over when the field is left, since every expression that names the node follows. */
function IdField({ node }: { node: GraphNode }) {
  const store = useEditorStore()
  const [typed, setTyped] = useState(node.id)
  const isTaken = useEditor((state) => typed !== node.id && findNode(graphOf(state), typed) !== undefined)
  const found = useFault('id')
  const fault =
    typed.trim() === '' ? 'A node needs an id.' : isTaken ? 'Another node has this id.' : undefined
  const rename = () => {
    if (fault || typed === node.id) return setTyped(node.id)
    store.change((state) => select(renameStep(settleEdits(state), node.id, typed), [typed]))
  }
  return (
    <div data-place="id">
      <Field
        label="Id"
        fault={fault ?? found}
        hint={`Expressions name ${titleOf(node)} by it; they follow when it changes.`}
      >
        {(field) => (
          <input
            {...field}
            className="input mono"
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onBlur={rename}
            onKeyDown={(event) => event.key === 'Enter' && rename()}
          />
        )}
      </Field>
    </div>
  )
}
