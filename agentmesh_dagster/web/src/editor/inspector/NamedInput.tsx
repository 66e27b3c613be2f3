import { useState } from 'react'
import { findNamed } from '../../graph/summaries'
import { useCatalogue } from '../catalogue'
import { PlacedGroup } from './PlacedField'
import { fitsForm, TemplateForm } from './TemplateForm'
import { TemplateValue } from './TemplateValue'
import { useOffers } from './useOffers'
import type { ConfigFieldProps } from './TextField'

/** What is handed to what the node refers to: by the fields of its input schema, or as one likes. */
export function NamedInput(props: ConfigFieldProps) {
  const named = findNamed(props.node, useCatalogue())
  const schema = named && 'inputSchema' in named ? (named.inputSchema ?? {}) : {}
  return <Input key={named?.id} schema={schema} {...props} />
}

function Input({
  node,
  field: { label, hint, unset },
  place,
  value,
  onChange,
  schema,
}: ConfigFieldProps & { schema: Parameters<typeof fitsForm>[0] }) {
  const offers = useOffers(node.id)
  const [wantsForm, setWantsForm] = useState(true)
  const mayForm = fitsForm(schema, value)
  return (
    <PlacedGroup place={place} hasFieldsOfItsOwn={wantsForm && mayForm} label={label} hint={hint}>
      {wantsForm && mayForm ? (
        <TemplateForm place={place} schema={schema} value={value} onChange={onChange} offers={offers} />
      ) : (
        <TemplateValue
          label={label}
          place={place}
          value={value}
          onChange={onChange}
          offers={offers}
          unset={unset ?? 'Not set'}
        />
      )}
      {mayForm && (
        <div>
          <button
            type="button"
            className="button button-quiet button-small"
            onClick={() => setWantsForm(!wantsForm)}
          >
            {wantsForm ? 'As one value or JSON' : 'By its fields'}
          </button>
        </div>
      )}
    </PlacedGroup>
  )
}
