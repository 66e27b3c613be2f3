import { useState } from 'react'
import { Link } from 'wouter'
import type { GraphNode } from '../../api/types'
import { addresses } from '../../app/addresses'
import { Combobox } from '../../ui/Combobox'
import { useCatalogue } from '../catalogue'
import { PlacedField, PlacedGroup } from './PlacedField'
import { TemplateValue } from './TemplateValue'
import { fitsForm, ToolInput } from './ToolInput'
import { useSetConfig, useSetNode } from './useConfig'
import { useOffers } from './useOffers'

/** Which tool is called, and with what. */
export function ToolFields({ node }: { node: GraphNode }) {
  const { tools } = useCatalogue()
  const setNode = useSetNode(node.id)
  const tool = tools.get(node.toolId ?? '')
  return (
    <>
      <PlacedField
        place="toolId"
        label="Tool"
        isRequired
        hint={
          tool && (
            <>
              {tool.description} <Link href={addresses.tool(tool.id)}>Open {tool.name}</Link>
            </>
          )
        }
      >
        {(field) => (
          <Combobox
            {...field}
            options={[...tools.values()].map((one) => ({ value: one.id, label: one.name, detail: one.type }))}
            value={node.toolId ?? ''}
            placeholder={tools.size > 0 ? 'Choose a tool' : 'There is no tool yet: create one in the project'}
            onChange={(toolId) => setNode({ toolId, label: node.label || (tools.get(toolId)?.name ?? '') })}
          />
        )}
      </PlacedField>
      <Input key={tool?.id} node={node} />
    </>
  )
}

function Input({ node }: { node: GraphNode }) {
  const { tools } = useCatalogue()
  const set = useSetConfig(node.id)
  const offers = useOffers(node.id)
  const schema = tools.get(node.toolId ?? '')?.inputSchema ?? {}
  const value = node.config['input']
  const [wantsForm, setWantsForm] = useState(true)
  const mayForm = fitsForm(schema, value)
  const onChange = (input: typeof value) => set({ input })
  return (
    <PlacedGroup
      place="config.input"
      hasFieldsOfItsOwn={wantsForm && mayForm}
      label="Input"
      hint={value === undefined ? 'While nothing is given, the tool gets the node’s input.' : undefined}
    >
      {wantsForm && mayForm ? (
        <ToolInput schema={schema} value={value} onChange={onChange} offers={offers} />
      ) : (
        <TemplateValue
          label="Input"
          place="config.input"
          value={value}
          onChange={onChange}
          offers={offers}
          unset="The node’s input"
        />
      )}
      {mayForm && (
        <div>
          <button
            type="button"
            className="button button-quiet button-small"
            onClick={() => setWantsForm(!wantsForm)}
          >
            {wantsForm ? 'As one value or JSON' : 'By the tool’s fields'}
          </button>
        </div>
      )}
    </PlacedGroup>
  )
}
