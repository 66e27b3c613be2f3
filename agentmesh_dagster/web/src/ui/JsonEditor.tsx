import { useState } from 'react'
import type { Json } from '../api/types'
import { areEqual, readJson } from '../schema/json'
import { CodeArea } from './CodeArea'

interface Props {
  value: Json | undefined
  /** The new value, each time that the text is JSON; undefined when it is empty. */
  onChange: (value: Json | undefined) => void
  /** Whether the text is no JSON just now: what is shown is then not what `value` says. */
  onFault?: (hasFault: boolean) => void
  label: string
  lines?: readonly [least: number, most: number]
  isReadOnly?: boolean
}

/** JSON as text, with its faults. An empty text stands for no value. */
export function JsonEditor({ value, onChange, onFault, label, lines, isReadOnly = false }: Props) {
  const [text, setText] = useState(() => write(value))
  const [given, setGiven] = useState(value)
  const read = text.trim() === '' ? { value: undefined } : readJson(text)
  if (!areEqual(given, value)) {
    // The value was changed from outside: not what this text had said.
    setGiven(value)
    if ('fault' in read || !areEqual(read.value, value)) setText(write(value))
  }
  const onText = (next: string) => {
    setText(next)
    const result = next.trim() === '' ? { value: undefined } : readJson(next)
    onFault?.('fault' in result)
    if ('fault' in result) return
    setGiven(result.value)
    onChange(result.value)
  }
  return (
    <CodeArea
      text={text}
      onText={onText}
      label={label}
      faults={'fault' in read ? [read.fault] : []}
      lines={lines}
      readOnly={isReadOnly}
    />
  )
}

function write(value: Json | undefined): string {
  return value === undefined ? '' : JSON.stringify(value, null, 2)
}
