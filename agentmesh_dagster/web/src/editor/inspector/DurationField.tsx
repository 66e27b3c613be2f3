import { useState } from 'react'
import type { GraphNode } from '../../api/types'
import { PlacedField } from './PlacedField'
import { useSetConfig } from './useConfig'

const UNITS = [
  ['seconds', 1],
  ['minutes', 60],
  ['hours', 3_600],
  ['days', 86_400],
] as const

type Unit = (typeof UNITS)[number][0]

interface Props {
  node: GraphNode
  /** A config field in seconds. */
  name: string
  label: string
  hint?: string
}

/** A length of time in the unit that suits it. */
export function DurationField({ node, name, label, hint }: Props) {
  const set = useSetConfig(node.id)
  const seconds = node.config[name]
  const [unit, setUnit] = useState<Unit>(() => bestUnit(typeof seconds === 'number' ? seconds : undefined))
  const size = sizeOf(unit)
  const amount = typeof seconds === 'number' ? seconds / size : ''
  const write = (text: string, by: number) => {
    const number = Number(text)
    set({ [name]: text.trim() === '' || !Number.isFinite(number) ? undefined : number * by })
  }
  return (
    <PlacedField place={`config.${name}`} label={label} hint={hint}>
      {(field) => (
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
      )}
    </PlacedField>
  )
}

/** The largest unit of which it is a whole number. */
function bestUnit(seconds: number | undefined): Unit {
  if (seconds === undefined || seconds === 0) return 'hours'
  return UNITS.findLast(([, size]) => seconds % size === 0)?.[0] ?? 'seconds'
}

function sizeOf(unit: Unit): number {
  return UNITS.find(([one]) => one === unit)?.[1] ?? 1
}
