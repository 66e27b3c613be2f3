import { useState } from 'react'
import type { Json, JsonObject } from '../../api/types'
import type { Offers } from '../../graph/completions'
import { readLoose, writeLoose } from '../../graph/templates'
import { isObject, writePath } from '../../schema/json'
import { Icon } from '../../ui/icons'
import { JsonEditor } from '../../ui/JsonEditor'
import { ExpressionInput } from './ExpressionInput'
import { useTextFault } from './PlacedField'

interface Props {
  label: string
  /** Where it is in the node, as issues name it. */
  place: string
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  offers: Offers
  /** What happens when it is not set. */
  unset: string
}

type Shape = 'none' | 'text' | 'fields' | 'json'

/** A value that may hold expressions at any depth: not set, one text or expression, named fields, or JSON. */
export function TemplateValue({ label, place, value, onChange, offers, unset }: Props) {
  const [asJson, setAsJson] = useState(false)
  const sayFault = useTextFault(place, `${label}: the text is no JSON.`)
  const shape = shapeOf(value, asJson)
  const choose = (next: Shape) => {
    sayFault(false)
    setAsJson(next === 'json')
    onChange(convert(value, next))
  }
  return (
    <div className="stack template-value">
      <select
        className="select"
        aria-label={`Kind of ${label}`}
        value={shape}
        onChange={(event) => choose(event.target.value as Shape)}
      >
        <option value="none">{unset}</option>
        <option value="text">A text or one value</option>
        <option value="fields">Fields</option>
        <option value="json">JSON</option>
      </select>
      {shape === 'text' && (
        <ExpressionInput
          label={label}
          value={writeLoose(value ?? '')}
          onChange={(text) => onChange(readLoose(text))}
          offers={offers}
          isTemplate
          rows={2}
          placeholder="{{ context.last_output }}"
        />
      )}
      {shape === 'fields' && (
        <TemplateRows
          label={label}
          place={place}
          value={isObject(value) ? value : {}}
          onChange={onChange}
          offers={offers}
        />
      )}
      {shape === 'json' && (
        <JsonEditor
          value={value}
          onChange={onChange}
          onFault={sayFault}
          label={`${label}, as JSON`}
          lines={[4, 16]}
        />
      )}
    </div>
  )
}

interface RowsProps {
  label: string
  place: string
  value: JsonObject
  onChange: (value: JsonObject) => void
  offers: Offers
}

/** The fields of an object, each with its template. */
function TemplateRows({ label, place, value, onChange, offers }: RowsProps) {
  const entries = Object.entries(value)
  const replace = (at: number, entry: [string, Json] | undefined) =>
    onChange(
      Object.fromEntries(entries.flatMap((one, index) => (index !== at ? [one] : entry ? [entry] : []))),
    )
  const rename = (at: number, name: string) => {
    const isTaken = entries.some(([other], index) => index !== at && other === name)
    if (!isTaken) replace(at, [name, entries[at]?.[1] ?? ''])
  }
  const add = () => {
    let number = entries.length + 1
    while (`field_${number}` in value) number += 1
    onChange({ ...value, [`field_${number}`]: '' })
  }
  return (
    <div className="stack" role="group" aria-label={`Fields of ${label}`}>
      {entries.map(([name, field], at) => (
        <div key={at} className="template-row">
          <div className="template-row-head">
            <input
              className="input mono"
              aria-label="Name of the field"
              value={name}
              onChange={(event) => rename(at, event.target.value)}
            />
            <button
              type="button"
              className="button button-quiet button-small button-icon"
              aria-label={`Remove ${name}`}
              onClick={() => replace(at, undefined)}
            >
              <Icon name="trash" size={14} />
            </button>
          </div>
          <div data-place={place + writePath([name]).slice(1)}>
            <ExpressionInput
              label={`Value of ${name}`}
              value={writeLoose(field)}
              onChange={(text) => replace(at, [name, readLoose(text)])}
              offers={offers}
              isTemplate
              placeholder="A text, {{ an expression }}, or JSON"
            />
          </div>
        </div>
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

function shapeOf(value: Json | undefined, asJson: boolean): Shape {
  if (asJson) return 'json'
  if (value === undefined) return 'none'
  if (isObject(value)) return 'fields'
  return typeof value === 'object' && value !== null ? 'json' : 'text'
}

function convert(value: Json | undefined, shape: Shape): Json | undefined {
  switch (shape) {
    case 'none':
      return undefined
    case 'text':
      return value === undefined || typeof value === 'object' ? '{{ context.last_output }}' : value
    case 'fields':
      return isObject(value) ? value : { value: value ?? '{{ context.last_output }}' }
    case 'json':
      return value ?? {}
  }
}
