import { isObject } from '../../schema/json'
import { FieldControl } from '../../ui/FieldControl'
import { PairRows } from '../../ui/PairRows'
import { SchemaForm } from '../../ui/SchemaForm'
import { ConfigGroup } from './ConfigGroup'
import { MarkdownField } from './MarkdownField'
import { NamedInput } from './NamedInput'
import { NodeChoice } from './NodeChoice'
import { PlacedField, PlacedGroup, useFault } from './PlacedField'
import { SchemaField } from './SchemaField'
import { TemplateValue } from './TemplateValue'
import { TextField } from './TextField'
import type { ConfigFieldProps } from './TextField'
import { useOffers } from './useOffers'

/** One field of a node's config, whatever control it needs. Emptied, it is not set. */
export function ConfigField(props: ConfigFieldProps) {
  const { node, field, place, value, onChange } = props
  switch (field.kind) {
    case 'group':
      return <ConfigGroup {...props} />
    case 'schema':
      return (
        <SchemaField
          place={place}
          label={field.label}
          hint={field.hint}
          schema={isObject(value) ? value : undefined}
          onChange={onChange}
        />
      )
    case 'value':
      return <ValueField {...props} />
    case 'named_input':
      return <NamedInput {...props} />
    case 'markdown':
      return <MarkdownField {...props} />
    case 'expression':
    case 'lines':
    case 'loose':
    case 'template':
      return <TextField {...props} />
    case 'form':
      return <FormPlace {...props} />
    case 'pairs':
      return <PairPlace {...props} />
    default:
      return (
        <PlacedField place={place} label={field.label} hint={field.hint} isRequired={field.isRequired}>
          {(control) =>
            field.kind === 'node' ? (
              <NodeChoice field={control} of={field} nodeId={node.id} value={value} onChange={onChange} />
            ) : (
              <FieldControl field={control} of={field} value={value} onChange={onChange} />
            )
          }
        </PlacedField>
      )
  }
}

/** A value of any kind, with expressions at any depth. */
function ValueField({ node, field, place, value, onChange }: ConfigFieldProps) {
  // A group of one field has the place of the group.
  const offers = useOffers(node.id, /^config\.onError\b/.test(place) ? 'fallback' : 'node')
  return (
    <PlacedGroup place={place} label={field.label} hint={field.hint}>
      <TemplateValue
        label={field.label}
        place={place}
        value={value}
        onChange={onChange}
        offers={offers}
        unset={field.unset ?? 'Not set'}
      />
    </PlacedGroup>
  )
}

/** Lists, and what no other control shows. */
function FormPlace({ field, place, value, onChange }: ConfigFieldProps) {
  const fault = useFault(place)
  return (
    <div data-place={place}>
      <SchemaForm
        schema={{ ...field.schema, title: field.label, description: field.hint ?? '' }}
        value={value}
        onChange={onChange}
        faults={fault ? new Map([['$', fault]]) : undefined}
      />
    </div>
  )
}

function PairPlace({ field, place, value, onChange }: ConfigFieldProps) {
  const fault = useFault(place)
  return (
    <div data-place={place}>
      <PairRows
        label={field.label}
        hint={field.hint}
        pairs={isObject(value) ? value : {}}
        example={field.example}
        fault={fault}
        onChange={onChange}
      />
    </div>
  )
}
