import type { Json } from '../api/types'
import type { Choice } from '../schema/fields'
import { areEqual } from '../schema/json'
import type { FieldProps } from './Field'

interface Props {
  field: FieldProps
  choices: readonly Choice[]
  /** What counts when nothing is set. */
  usual: Json | undefined
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

/** One of a few values, in words. What counts anyway is not set. */
export function ChoiceInput({ field, choices, usual, value, onChange }: Props) {
  const given = value ?? usual
  const chosen = choices.findIndex((choice) => areEqual(choice.value, given))
  const choose = (at: number) => {
    const next = choices[at]?.value
    onChange(next === undefined || areEqual(next, usual) ? undefined : next)
  }
  return (
    <select
      {...field}
      className="select"
      value={chosen}
      onChange={(event) => choose(Number(event.target.value))}
    >
      {(chosen < 0 || usual === undefined) && (
        <option value={-1}>{given === undefined ? 'Not set' : asText(given)}</option>
      )}
      {choices.map(({ value: choice, label }, at) => (
        <option key={JSON.stringify(choice)} value={at}>
          {label}
        </option>
      ))}
    </select>
  )
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
