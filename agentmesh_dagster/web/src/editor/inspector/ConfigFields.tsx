import type { GraphNode, Json } from '../../api/types'
import { configField } from '../../types/types'
import { ScalarControl } from '../../ui/ScalarControl'
import { ExpressionInput } from './ExpressionInput'
import { PlacedField } from './PlacedField'
import { textOf, useSetConfig } from './useConfig'
import { useOffers } from './useOffers'

interface Props {
  node: GraphNode
  /** The field of the config. */
  name: string
  label: string
  hint?: string
}

/** A field of a node's config that is a template or an expression. Emptied, it is not set. */
export function TemplateField({
  node,
  name,
  label,
  hint,
  rows,
  placeholder,
  isExpression = false,
}: Props & { rows?: number; placeholder?: string; isExpression?: boolean }) {
  const set = useSetConfig(node.id)
  const offers = useOffers(node.id)
  return (
    <PlacedField place={`config.${name}`} label={label} hint={hint}>
      {(field) => (
        <ExpressionInput
          {...field}
          value={textOf(node.config[name])}
          onChange={(text) => set({ [name]: text === '' ? undefined : text })}
          offers={offers}
          isTemplate={!isExpression}
          rows={rows}
          placeholder={placeholder}
        />
      )}
    </PlacedField>
  )
}

/** A number of a node's config, or undefined; its limits and what counts without it are the server's. */
export function NumberField({ node, name, label, hint }: Props) {
  const set = useSetConfig(node.id)
  const schema = configField(node.type, name)
  const usual = schema['default']
  const hints = [typeof usual === 'number' ? `${usual.toLocaleString('en')} unless given.` : undefined, hint]
  return (
    <PlacedField place={`config.${name}`} label={label} hint={hints.filter(Boolean).join(' ') || undefined}>
      {(field) => (
        <ScalarControl
          field={field}
          control={{ kind: schema['type'] === 'integer' ? 'integer' : 'number' }}
          schema={schema}
          value={node.config[name]}
          onChange={(value) => set({ [name]: value })}
          isRequired={false}
        />
      )}
    </PlacedField>
  )
}

/** One of a few words; the first is what counts when nothing is set. */
export function ChoiceField({
  node,
  name,
  label,
  hint,
  choices,
}: Props & { choices: readonly (readonly [value: string, words: string])[] }) {
  const set = useSetConfig(node.id)
  const usual = choices[0]?.[0]
  const value: Json = node.config[name] ?? usual ?? ''
  const isKnown = choices.some(([choice]) => choice === value)
  return (
    <PlacedField place={`config.${name}`} label={label} hint={hint}>
      {(field) => (
        <select
          {...field}
          className="select"
          value={textOf(value)}
          onChange={(event) => set({ [name]: event.target.value === usual ? undefined : event.target.value })}
        >
          {!isKnown && <option value={textOf(value)}>{textOf(value)}</option>}
          {choices.map(([choice, words]) => (
            <option key={choice} value={choice}>
              {words}
            </option>
          ))}
        </select>
      )}
    </PlacedField>
  )
}
