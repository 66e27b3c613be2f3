import { useState } from 'react'
import type { ReactNode } from 'react'
import type { Option } from './Combobox'
import './Filters.css'

/** What a list is cut down to; each filter is part of the page's address. */
export function FilterBar({ children }: { children: ReactNode }) {
  return (
    <div className="filters" role="search" aria-label="Filters">
      {children}
    </div>
  )
}

interface SelectProps {
  label: string
  /** What stands for no filter. */
  all: string
  value: string
  options: readonly Option[]
  onChange: (value: string) => void
}

export function SelectFilter({ label, all, value, options, onChange }: SelectProps) {
  const isKnown = value === '' || options.some((option) => option.value === value)
  return (
    <select
      className="select filter"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{all}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
      {!isKnown && <option value={value}>{value}</option>}
    </select>
  )
}

interface TextProps {
  label: string
  value: string
  onChange: (value: string) => void
}

/** A filter that is typed: it counts when the field is left, or with Enter. */
export function TextFilter({ label, value, onChange }: TextProps) {
  const [typed, setTyped] = useState<string>()
  const take = () => {
    if (typed !== undefined && typed.trim() !== value) onChange(typed.trim())
    setTyped(undefined)
  }
  return (
    <input
      className="input filter"
      aria-label={label}
      placeholder={label}
      autoComplete="off"
      value={typed ?? value}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => event.key === 'Enter' && take()}
    />
  )
}

interface CheckProps {
  label: string
  isOn: boolean
  onChange: (isOn: boolean) => void
}

export function CheckFilter({ label, isOn, onChange }: CheckProps) {
  return (
    <label className="field-check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  )
}
