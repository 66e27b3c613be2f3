import { useState } from 'react'
import type { Json, JsonSchema } from '../api/types'
import { isObject } from '../schema/json'
import { listProperties, newPropertyName, PROPERTY_TYPES, withProperties } from '../schema/properties'
import type { Property, PropertyType } from '../schema/properties'
import { Icon } from './icons'
import { SchemaRowDetails } from './SchemaRowDetails'
import './SchemaRows.css'

interface Props {
  label: string
  schema: JsonSchema
  rows: readonly Property[]
  onChange: (schema: JsonSchema | undefined) => void
}

const WORDS: Record<PropertyType, string> = {
  string: 'String',
  number: 'Number',
  integer: 'Integer',
  boolean: 'Boolean',
  array: 'Array',
  object: 'Object',
  any: 'Any',
}

/** The fields of an object schema, one row each; objects and lists of objects have rows of their own inside. */
export function SchemaRows({ label, schema, rows, onChange }: Props) {
  const write = (next: readonly Property[]) =>
    onChange(
      next.length === 0 && Object.keys(withProperties(schema, [])).length <= 2
        ? undefined
        : withProperties(schema, next),
    )
  const change = (at: number, fields: Partial<Property>) =>
    write(rows.map((row, place) => (place === at ? { ...row, ...fields } : row)))
  const add = () =>
    write([
      ...rows,
      { name: newPropertyName(rows), type: 'string', isRequired: false, description: '', schema: {} },
    ])
  return (
    <div className="rows" role="group" aria-label={label}>
      {rows.map((row, at) => (
        // A row keeps its place while its name is being typed.
        <Row
          key={at}
          row={row}
          isTaken={(name) => rows.some((other) => other !== row && other.name === name)}
          onChange={(fields) => change(at, fields)}
          onRemove={() => write(rows.filter((_, place) => place !== at))}
        />
      ))}
      <div>
        <button type="button" className="button button-small" onClick={add}>
          <Icon name="plus" size={13} />
          Add field
        </button>
      </div>
    </div>
  )
}

interface RowProps {
  row: Property
  isTaken: (name: string) => boolean
  onChange: (fields: Partial<Property>) => void
  onRemove: () => void
}

function Row({ row, isTaken, onChange, onRemove }: RowProps) {
  const [name, setName] = useState(row.name)
  const [isOpen, setOpen] = useState(false)
  const inner = innerSchema(row)
  const fault =
    name.trim() === '' ? 'A field needs a name.' : isTaken(name) ? 'There is such a field.' : undefined
  const onName = (next: string) => {
    setName(next)
    if (next.trim() !== '' && !isTaken(next)) onChange({ name: next })
  }
  return (
    <div className="rows-row">
      <div className="rows-line">
        <input
          className="input mono"
          aria-label="Name of the field"
          aria-invalid={fault !== undefined}
          title={fault}
          value={fault ? name : row.name}
          onChange={(event) => onName(event.target.value)}
        />
        <select
          className="select"
          aria-label={`Type of ${row.name}`}
          value={row.type}
          onChange={(event) => onChange({ type: event.target.value as PropertyType })}
        >
          {PROPERTY_TYPES.map((type) => (
            <option key={type} value={type}>
              {WORDS[type]}
            </option>
          ))}
        </select>
        <input
          className="input rows-description"
          aria-label={`Description of ${row.name}`}
          placeholder="Description"
          dir="auto"
          value={row.description}
          onChange={(event) => onChange({ description: event.target.value })}
        />
        <label className="field-check small">
          <input
            type="checkbox"
            checked={row.isRequired}
            onChange={(event) => onChange({ isRequired: event.target.checked })}
          />
          Required
        </label>
        <button
          type="button"
          className="button button-quiet button-small button-icon"
          aria-expanded={isOpen}
          aria-label={`More about ${row.name}`}
          title="Default, choices, limits"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? 'down' : 'chevron'} size={14} />
        </button>
        <button
          type="button"
          className="button button-quiet button-small button-icon"
          aria-label={`Remove ${row.name}`}
          onClick={onRemove}
        >
          <Icon name="trash" size={14} />
        </button>
      </div>
      {fault && <div className="field-fault">{fault}</div>}
      {isOpen && <SchemaRowDetails row={row} onChange={(schema) => onChange({ schema })} />}
      {inner && (
        <div className="rows-inner">
          <SchemaRows
            label={`Fields of ${row.name}`}
            schema={inner.schema}
            rows={inner.rows}
            onChange={(schema) => onChange({ schema: inner.write(schema) })}
          />
        </div>
      )}
    </div>
  )
}

/** What has rows of its own: the object itself, or the objects of a list. */
function innerSchema({ type, schema }: Property) {
  if (type === 'object') {
    const rows = listProperties({ type: 'object', ...schema })
    return (
      rows && {
        schema,
        rows,
        write: (next: JsonSchema | undefined): JsonSchema => next ?? { type: 'object' },
      }
    )
  }
  const items: Json | undefined = schema['items']
  if (type !== 'array' || !isObject(items) || items['type'] !== 'object') return undefined
  const rows = listProperties(items)
  const write = (next: JsonSchema | undefined): JsonSchema => ({
    ...schema,
    items: next ?? { type: 'object' },
  })
  return rows && { schema: items, rows, write }
}
