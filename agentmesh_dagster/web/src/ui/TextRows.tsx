import { useId, useState } from 'react'
import { AddButton, RemoveButton } from './itemButtons'

interface Props {
  /** What one of them is: `upstream asset`. */
  what: string
  texts: readonly string[]
  /** What is offered while one types. */
  options?: readonly string[]
  placeholder?: string
  onChange: (texts: string[]) => void
}

/** Texts, a row for each; an empty row says nothing yet. */
export function TextRows({ what, texts, options = [], placeholder, onChange }: Props) {
  const listId = useId()
  const [rows, setRows] = useState(texts)
  const said = rows.filter((row) => row.trim() !== '')
  // Changed from outside.
  if (said.length !== texts.length || said.some((row, at) => row !== texts[at])) setRows(texts)
  const write = (next: readonly string[]) => {
    setRows(next)
    onChange(next.filter((row) => row.trim() !== ''))
  }
  return (
    <>
      {rows.map((row, at) => (
        <div key={at} className="row text-row">
          <input
            className="input mono grow"
            aria-label={`${what} ${at + 1}`}
            list={listId}
            placeholder={placeholder}
            autoComplete="off"
            spellCheck={false}
            value={row}
            onChange={(event) => write(rows.map((old, place) => (place === at ? event.target.value : old)))}
          />
          <RemoveButton
            what={row || `${what} ${at + 1}`}
            onClick={() => write(rows.filter((_, place) => place !== at))}
          />
        </div>
      ))}
      <datalist id={listId}>
        {options
          .filter((option) => !rows.includes(option))
          .map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
      </datalist>
      <AddButton what={what} onClick={() => setRows([...rows, ''])} />
    </>
  )
}
