import { useState } from 'react'
import type { FieldProps } from './Field'

interface Props {
  field: FieldProps
  lines: readonly string[]
  placeholder?: string
  rows?: number
  onChange: (lines: string[]) => void
}

/** Texts, one a line; empty lines say nothing. */
export function LinesInput({ field, lines, placeholder, rows = 2, onChange }: Props) {
  const [typed, setTyped] = useState(lines.join('\n'))
  const said = readLines(typed)
  if (said.length !== lines.length || said.some((line, at) => line !== lines[at])) setTyped(lines.join('\n'))
  return (
    <textarea
      {...field}
      className="textarea mono"
      rows={rows}
      spellCheck={false}
      placeholder={placeholder}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value)
        onChange(readLines(event.target.value))
      }}
    />
  )
}

function readLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
