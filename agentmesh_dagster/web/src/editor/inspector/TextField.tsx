import type { GraphNode, Json } from '../../api/types'
import { findNamed } from '../../graph/summaries'
import { readLoose, writeLoose } from '../../graph/templates'
import type { FormField } from '../../schema/fields'
import { useCatalogue } from '../catalogue'
import { ExpressionInput } from './ExpressionInput'
import { PlacedField } from './PlacedField'
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
