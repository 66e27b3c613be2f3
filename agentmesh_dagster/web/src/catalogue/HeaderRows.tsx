import { useState } from 'react'
import { Icon } from '../ui/icons'
import { Message } from '../ui/Message'

interface Props {
  headers: Readonly<Record<string, string>>
  fault?: string
  onChange: (headers: Record<string, string> | undefined) => void
}

type Row = [name: string, value: string]

/** The headers of an HTTP tool; secrets are named, never written. */
export function HeaderRows({ headers, fault, onChange }: Props) {
  const [rows, setRows] = useState<readonly Row[]>(() => Object.entries(headers))
  if (!isSame(rows, headers)) setRows(Object.entries(headers)) // changed from outside
  const write = (next: readonly Row[]) => {
    setRows(next)
    const named = next.filter(([name]) => name.trim() !== '')
    onChange(named.length > 0 ? Object.fromEntries(named) : undefined)
  }
  const change = (at: number, row: Row) => write(rows.map((old, place) => (place === at ? row : old)))
  return (
    <fieldset className="field">
      <legend>Headers</legend>
      <div className="field-hint">
        <code>{'${NAME}'}</code> stands for a secret of the server’s environment.
      </div>
      {rows.map(([name, value], at) => (
        <div key={at} className="detail-pairs">
          <input
            className="input mono"
            aria-label={`Name of header ${at + 1}`}
            placeholder="Authorization"
            value={name}
            onChange={(event) => change(at, [event.target.value, value])}
          />
          <input
            className="input mono"
            aria-label={`Value of ${name || `header ${at + 1}`}`}
            placeholder="Bearer ${API_TOKEN}"
            value={value}
            onChange={(event) => change(at, [name, event.target.value])}
          />
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label={`Remove ${name || `header ${at + 1}`}`}
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
      <div>
        <button type="button" className="button button-small" onClick={() => setRows([...rows, ['', '']])}>
          <Icon name="plus" size={13} />
          Add header
        </button>
      </div>
    </fieldset>
  )
}

/** Whether the rows say what the headers say; a row without a name says nothing yet. */
function isSame(rows: readonly Row[], headers: Readonly<Record<string, string>>): boolean {
  const named = Object.fromEntries(rows.filter(([name]) => name.trim() !== ''))
  const names = Object.keys(headers)
  return names.length === Object.keys(named).length && names.every((name) => named[name] === headers[name])
}
