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
