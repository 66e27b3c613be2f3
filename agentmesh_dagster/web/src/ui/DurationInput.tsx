import { useState } from 'react'
import type { Json } from '../api/types'
import { bestUnit, sizeOf, UNITS } from '../schema/duration'
import type { Unit } from '../schema/duration'
import type { FieldProps } from './Field'

interface Props {
  field: FieldProps
  label: string
  /** In seconds. */
  value: Json | undefined
  onChange: (seconds: number | undefined) => void
}

/** A length of time in the unit that suits it. */
export function DurationInput({ field, label, value: seconds, onChange }: Props) {
  const [unit, setUnit] = useState<Unit>(() => bestUnit(typeof seconds === 'number' ? seconds : undefined))
  const size = sizeOf(unit)
  const amount = typeof seconds === 'number' ? seconds / size : ''
  const write = (text: string, by: number) => {
    const number = Number(text)
    onChange(text.trim() === '' || !Number.isFinite(number) ? undefined : number * by)
  }
  return (
    <div className="row">
      <input
        {...field}
        className="input"
        type="number"
        min={0}
        step="any"
        value={amount}
        onChange={(event) => write(event.target.value, size)}
      />
      <select
        className="select"
        aria-label={`Unit of ${label}`}
        value={unit}
        onChange={(event) => {
          const next = event.target.value as Unit
          setUnit(next)
          write(String(amount), sizeOf(next))
        }}
      >
        {UNITS.map(([one]) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </div>
  )
}
