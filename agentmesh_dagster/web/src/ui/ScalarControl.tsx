import { useState } from 'react'
import type { Json, JsonSchema } from '../api/types'
import { mayBeNull } from '../schema/form'
import type { Control } from '../schema/form'
import { areEqual } from '../schema/json'
import { labelId } from './Field'
import type { FieldProps } from './Field'

interface Props {
  field: FieldProps
  control: Control
  schema: JsonSchema
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  isRequired: boolean
  /** Of a text. */
  placeholder?: string
}

/** The control of a single value. Emptied, an optional one has no value; a required text has ''. */
export function ScalarControl({ field, control, schema, value, onChange, isRequired, placeholder }: Props) {
  const empty = mayBeNull(schema) && isRequired ? null : undefined
  switch (control.kind) {
    case 'boolean':
      return <YesNo field={field} value={value} onChange={onChange} isRequired={isRequired} />
    case 'choice':
      return (
        <Choice
          field={field}
          options={control.options}
          value={value}
          onChange={onChange}
          isRequired={isRequired}
        />
      )
    case 'number':
    case 'integer':
      return (
        <NumberInput
          field={field}
          schema={schema}
          isWhole={control.kind === 'integer'}
          value={value}
          onChange={(next) => onChange(next ?? empty)}
        />
      )
    case 'text':
    case 'long-text':
      return (
        <TextControl
          field={field}
          isLong={control.kind === 'long-text'}
          value={value}
          onChange={onChange}
          isRequired={isRequired}
          placeholder={placeholder}
        />
      )
    case 'date':
      return (
        <input
          {...field}
          className="input"
          type="date"
          value={asText(value)}
          onChange={(event) => onChange(event.target.value || empty)}
        />
      )
    default:
      return (
        <input
          {...field}
          className="input"
          type="text"
          dir="auto"
          autoComplete="off"
          placeholder="2026-01-31T09:30:00Z"
          value={asText(value)}
          onChange={(event) => onChange(event.target.value || (isRequired ? '' : undefined))}
        />
      )
  }
}

type Of<Kind extends keyof Props> = Pick<Props, Kind | 'field' | 'value' | 'onChange'>

/** A text of one line or of several. It stays what it was at first: another element would lose the focus while somebody
 *  types, and a short one the lines. */
function TextControl({
  field,
  isLong,
  value,
  onChange,
  isRequired,
  placeholder,
}: Of<'isRequired' | 'placeholder'> & { isLong: boolean }) {
  const [wasLong] = useState(isLong)
  const text = {
    ...field,
    placeholder,
    dir: 'auto',
    value: asText(value),
    onChange: (event: { target: { value: string } }) =>
      onChange(event.target.value || (isRequired ? '' : undefined)),
  }
  return wasLong ? (
    <textarea {...text} className="textarea" rows={countRows(text.value)} />
  ) : (
    <input {...text} className="input" type="text" autoComplete="off" />
  )
}

const YES_NO: readonly [string, boolean | undefined][] = [
  ['Yes', true],
  ['No', false],
]
const NOT_SET: [string, boolean | undefined] = ['Not set', undefined]

function YesNo({ field, value, onChange, isRequired }: Of<'isRequired'>) {
  const choices = isRequired ? YES_NO : [...YES_NO, NOT_SET]
  return (
    <div
      className="choices"
      role="radiogroup"
      aria-labelledby={labelId(field)}
      aria-describedby={field['aria-describedby']}
      aria-required={field['aria-required']}
    >
      {choices.map(([word, choice]) => (
        <label key={word}>
          <input type="radio" name={field.id} checked={value === choice} onChange={() => onChange(choice)} />
          {word}
        </label>
      ))}
    </div>
  )
}

function Choice({
  field,
  options,
  value,
  onChange,
  isRequired,
}: Of<'isRequired'> & { options: readonly Json[] }) {
  const chosen = options.findIndex((option) => areEqual(option, value))
  return (
    <select
      {...field}
      className="select"
      value={chosen}
      onChange={(event) => onChange(options[Number(event.target.value)])}
    >
      {(chosen < 0 || !isRequired) && <option value={-1}>{isRequired ? 'Choose …' : 'Not set'}</option>}
      {options.map((option, at) => (
        <option key={JSON.stringify(option)} value={at}>
          {typeof option === 'string' ? option : JSON.stringify(option)}
        </option>
      ))}
    </select>
  )
}

/** A number as it is typed: `1.` and `-` stay until they are one. */
function NumberInput({ field, schema, isWhole, value, onChange }: Of<'schema'> & { isWhole: boolean }) {
  const [typed, setTyped] = useState<string>()
  const shown =
    typed !== undefined && readNumber(typed) === value
      ? typed
      : typeof value === 'number'
        ? String(value)
        : asText(value)
  return (
    <input
      {...field}
      className="input"
      type="number"
      inputMode={isWhole ? 'numeric' : 'decimal'}
      step={isWhole ? 1 : 'any'}
      min={typeof schema['minimum'] === 'number' ? schema['minimum'] : undefined}
      max={typeof schema['maximum'] === 'number' ? schema['maximum'] : undefined}
      value={shown}
      onChange={(event) => {
        setTyped(event.target.value)
        onChange(readNumber(event.target.value))
      }}
    />
  )
}

function readNumber(text: string): number | undefined {
  const number = Number(text)
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number
}

/** Rows for about all of a text, within reason. */
function countRows(text: string): number {
  const rows = text.split('\n').reduce((sum, line) => sum + 1 + Math.floor(line.length / 75), 0)
  return Math.min(Math.max(rows + 1, 4), 14)
}

function asText(value: Json | undefined): string {
  return value === undefined || value === null
    ? ''
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)
}
