import { useState } from 'react'
import type { Json, JsonObject } from '../api/types'
import { isObject } from '../schema/json'
import { Icon } from './icons'
import { AddButton } from './itemButtons'
import { Message } from './Message'
import './PairRows.css'

interface Props {
  label: string
  hint?: string
  pairs: JsonObject
  example?: Json
  fault?: string
  onChange: (pairs: JsonObject | undefined) => void
}

type Row = [name: string, value: string]

/** Names and texts, such as the headers of a request: a row for each. */
export function PairRows({ label, hint, pairs, example, fault, onChange }: Props) {
  const given = Object.entries(pairs).map(([name, value]): Row => [name, asText(value)])
  const [rows, setRows] = useState<readonly Row[]>(given)
  if (!isSame(rows, given)) setRows(given) // changed from outside
  const [sampleName, sampleValue] = (isObject(example) && Object.entries(example)[0]) || []
  const write = (next: readonly Row[]) => {
    setRows(next)
    const named = next.filter(([name]) => name.trim() !== '')
    onChange(named.length > 0 ? Object.fromEntries(named) : undefined)
  }
  const change = (at: number, row: Row) => write(rows.map((old, place) => (place === at ? row : old)))
  return (
    <fieldset className="field">
      <legend>{label}</legend>
      {hint && (
        <div className="field-hint">
          <Message text={hint} />
        </div>
      )}
      {rows.map(([name, value], at) => (
        <div key={at} className="pair-row">
          <input
            className="input mono"
            aria-label={`Name ${at + 1} of ${label}`}
            placeholder={sampleName}
            value={name}
            onChange={(event) => change(at, [event.target.value, value])}
          />
          <input
            className="input mono"
            aria-label={`Value of ${name || `name ${at + 1}`}`}
            placeholder={sampleValue === undefined ? undefined : asText(sampleValue)}
            value={value}
            onChange={(event) => change(at, [name, event.target.value])}
          />
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label={`Remove ${name || `name ${at + 1}`}`}
            onClick={() => write(rows.filter((_, place) => place !== at))}
          >
            <Icon name="trash" size={14} />
          </button>
        </div>
      ))}
      {fault && (
        <div className="field-fault">
          <Message text={fault} />
        </div>
      )}
      <AddButton what={`to ${label}`} onClick={() => setRows([...rows, ['', '']])} />
    </fieldset>
  )
}

/** Whether the rows say what is given; a row without a name says nothing yet. */
function isSame(rows: readonly Row[], given: readonly Row[]): boolean {
  const named = new Map(rows.filter(([name]) => name.trim() !== ''))
  return named.size === given.length && given.every(([name, value]) => named.get(name) === value)
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
