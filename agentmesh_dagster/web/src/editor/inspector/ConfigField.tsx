import type { GraphNode, Json } from '../../api/types'
import { findNamed } from '../../graph/summaries'
import { readLoose, writeLoose } from '../../graph/templates'
import type { FormField } from '../../schema/fields'
import { isObject } from '../../schema/json'
import { FieldControl } from '../../ui/FieldControl'
import { PairRows } from '../../ui/PairRows'
import { SchemaForm } from '../../ui/SchemaForm'
import { useCatalogue } from '../catalogue'
import { ConfigGroup } from './ConfigGroup'
import { ExpressionInput } from './ExpressionInput'
import { MarkdownField } from './MarkdownField'
import { NamedInput } from './NamedInput'
import { NodeChoice } from './NodeChoice'
import { PlacedField, PlacedGroup, useFault } from './PlacedField'
import { SchemaField } from './SchemaField'
import { TemplateValue } from './TemplateValue'
import { textOf } from './useConfig'
import { useOffers } from './useOffers'

export interface ConfigFieldProps {
  node: GraphNode
  field: FormField
  /** Where it is in the node, as issues name it: `config.retry.maxAttempts`. */
  place: string
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

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

/** A text that names values: a template, an expression, either, or one template a line. */
export function TextField({ node, field, place, value, onChange }: ConfigFieldProps) {
  const offers = useOffers(node.id)
  const named = findNamed(node, useCatalogue())
  const inherited = field.isInherited ? (named as Record<string, Json> | undefined)?.[field.name] : undefined
  const { kind } = field
  const text =
    kind === 'loose' && value !== undefined
      ? writeLoose(value)
      : Array.isArray(value)
        ? value.map(textOf).join('\n')
        : textOf(value)
  const read = (next: string): Json =>
    kind === 'loose' ? readLoose(next) : kind === 'lines' ? next.split('\n') : next
  return (
    <PlacedField
      place={place}
      label={field.label}
      hint={kind === 'lines' ? `One a line. ${field.hint ?? ''}` : field.hint}
      isRequired={field.isRequired}
    >
      {(control) => (
        <ExpressionInput
          {...control}
          value={text}
          onChange={(next) => onChange(next === '' ? undefined : read(next))}
          offers={offers}
          isTemplate={kind === 'template' || kind === 'markdown' || kind === 'lines'}
          rows={field.rows}
          placeholder={textOf(inherited) || placeholderFor(field)}
        />
      )}
    </PlacedField>
  )
}

function placeholderFor({ example, unset, kind }: FormField): string | undefined {
  if (example !== undefined) return textOf(example)
  if (unset === undefined) return undefined
  const words = `Empty: ${unset.charAt(0).toLowerCase()}${unset.slice(1)}.`
  return kind === 'template' ? `${words} Write {{ to name a value.` : words
}

/** A value of any kind, with expressions at any depth. */
function ValueField({ node, field, place, value, onChange }: ConfigFieldProps) {
  const offers = useOffers(node.id)
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
