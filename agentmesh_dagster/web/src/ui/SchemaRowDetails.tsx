import type { Json, JsonSchema } from '../api/types'
import { isObject } from '../schema/json'
import { PROPERTY_TYPES } from '../schema/properties'
import type { Property } from '../schema/properties'
import { Field } from './Field'
import { ScalarControl } from './ScalarControl'
import { controlFor } from '../schema/form'

interface Props {
  row: Property
  onChange: (schema: JsonSchema) => void
}

/** The rarer keywords of a field: default, choices, limits, format, the type of a list's items. */
export function SchemaRowDetails({ row, onChange }: Props) {
  const { schema, type } = row
  const set = (name: string, value: Json | undefined) => {
    const { [name]: _, ...others } = schema
    onChange(value === undefined ? others : { ...others, [name]: value })
  }
  const isNumber = type === 'number' || type === 'integer'
  return (
    <div className="rows-details field-grid">
      {type === 'array' && <ItemType schema={schema} onChange={(items) => set('items', items)} />}
      {type === 'string' && <Choices schema={schema} onChange={(choices) => set('enum', choices)} />}
      {type === 'string' && (
        <Field label="Format">
          {(field) => (
            <select
              {...field}
              className="select"
              value={typeof schema['format'] === 'string' ? schema['format'] : ''}
              onChange={(event) => set('format', event.target.value || undefined)}
            >
              <option value="">Any</option>
              <option value="date">Date</option>
              <option value="date-time">Date and time</option>
              <option value="email">Email</option>
              <option value="uri">URI</option>
            </select>
          )}
        </Field>
      )}
      {isNumber && <Limit label="Minimum" name="minimum" schema={schema} onChange={set} />}
      {isNumber && <Limit label="Maximum" name="maximum" schema={schema} onChange={set} />}
      {type !== 'array' && type !== 'object' && type !== 'any' && (
        <Field label="Default">
          {(field) => (
            <ScalarControl
              field={field}
              control={controlFor({ type, ...pickChoices(schema) })}
              schema={{}}
              value={schema['default']}
              onChange={(value) => set('default', value)}
              isRequired={false}
            />
          )}
        </Field>
      )}
    </div>
  )
}

function Limit(props: {
  label: string
  name: string
  schema: JsonSchema
  onChange: (name: string, value: Json | undefined) => void
}) {
  const { label, name, schema, onChange } = props
  return (
    <Field label={label}>
      {(field) => (
        <ScalarControl
          field={field}
          control={{ kind: 'number' }}
          schema={{}}
          value={schema[name]}
          onChange={(value) => onChange(name, value)}
          isRequired={false}
        />
      )}
    </Field>
  )
}

function Choices({
  schema,
  onChange,
}: {
  schema: JsonSchema
  onChange: (choices: Json | undefined) => void
}) {
  const choices = Array.isArray(schema['enum']) ? schema['enum'] : []
  return (
    <Field label="Choices" hint="One a line; none: any string.">
      {(field) => (
        <textarea
          {...field}
          className="textarea"
          rows={Math.max(2, choices.length + 1)}
          value={choices.map(String).join('\n')}
          onChange={(event) =>
            onChange(event.target.value === '' ? undefined : event.target.value.split('\n'))
          }
          onBlur={(event) => {
            const kept = [...new Set(event.target.value.split('\n').filter((line) => line.trim() !== ''))]
            onChange(kept.length > 0 ? kept : undefined)
          }}
        />
      )}
    </Field>
  )
}

function ItemType({ schema, onChange }: { schema: JsonSchema; onChange: (items: Json | undefined) => void }) {
  const items = schema['items']
  const type = isObject(items) && typeof items['type'] === 'string' ? items['type'] : 'any'
  return (
    <Field label="Item type">
      {(field) => (
        <select
          {...field}
          className="select"
          value={type}
          onChange={(event) =>
            onChange(event.target.value === 'any' ? undefined : { type: event.target.value })
          }
        >
          {PROPERTY_TYPES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

function pickChoices(schema: JsonSchema): JsonSchema {
  return Array.isArray(schema['enum']) ? { enum: schema['enum'] } : {}
}
