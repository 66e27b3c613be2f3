import { useId, useMemo, useState } from 'react'
import type { KeyboardEvent } from 'react'
import type { FieldProps } from './Field'
import './Combobox.css'

export interface Option {
  value: string
  label: string
  detail?: string
}

interface Props extends Partial<FieldProps> {
  options: readonly Option[]
  /** The chosen value; '' for none. */
  value: string
  onChange: (value: string) => void
  placeholder?: string
  /** Needed where no Field gives a label. */
  label?: string
  /** Whether text that is no option is taken as a value. */
  allowsOther?: boolean
}

const MOST_SHOWN = 100

/** A field that finds one of many: type to search, arrows and Enter choose, Escape leaves it as it was. */
export function Combobox({
  options,
  value,
  onChange,
  placeholder,
  label,
  allowsOther = false,
  ...field
}: Props) {
  const listId = useId()
  const [typed, setTyped] = useState<string>() // undefined: the list is closed
  const [active, setActive] = useState(0)
  const found = useMemo(() => search(options, typed ?? ''), [options, typed])
  const chosen = options.find((option) => option.value === value)
  const isOpen = typed !== undefined
  const optionId = (at: number) => `${listId}-${at}`

  const open = () => {
    setTyped('')
    setActive(
      Math.max(
        0,
        options.findIndex((option) => option.value === value),
      ),
    )
  }
  const choose = (next: string) => {
    setTyped(undefined)
    onChange(next)
  }
  const leave = () => {
    if (allowsOther && typed) onChange(typed)
    setTyped(undefined)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isOpen) {
      event.stopPropagation()
      event.preventDefault()
      setTyped(undefined)
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (!isOpen) open()
      else
        setActive((active + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(found.length, 1))
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault()
      const option = found[active]
      if (option) choose(option.value)
      else leave()
    }
  }
  return (
    <div className="combobox">
      <input
        {...field}
        className="input"
        role="combobox"
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && found.length > 0 ? optionId(active) : undefined}
        autoComplete="off"
        placeholder={chosen?.label ?? placeholder}
        value={typed ?? chosen?.label ?? value}
        onChange={(event) => {
          setTyped(event.target.value)
          setActive(0)
        }}
        onClick={() => !isOpen && open()}
        onKeyDown={onKeyDown}
        onBlur={leave}
      />
      <div
        className="combobox-list"
        role="listbox"
        id={listId}
        aria-label={label ?? 'Choices'}
        hidden={!isOpen}
      >
        {found.map((option, at) => (
          <div
            key={option.value}
            id={optionId(at)}
            role="option"
            tabIndex={-1}
            aria-selected={at === active}
            className="combobox-option"
            ref={at === active && isOpen ? scrollIntoView : undefined}
            onMouseEnter={() => setActive(at)}
            onMouseDown={(event) => {
              event.preventDefault() // the focus stays in the field
              choose(option.value)
            }}
          >
            <span className="truncate">{option.label}</span>
            {option.detail && <span className="combobox-detail truncate">{option.detail}</span>}
          </div>
        ))}
        {found.length === 0 && (
          <div className="combobox-none" role="option" aria-selected={false} aria-disabled="true">
            {allowsOther && typed ? `Use “${typed}”` : 'Nothing found.'}
          </div>
        )}
      </div>
    </div>
  )
}

function search(options: readonly Option[], typed: string): Option[] {
  const wanted = typed.trim().toLowerCase()
  const found = options.filter(
    ({ label, value }) => label.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted),
  )
  return found.slice(0, MOST_SHOWN)
}

function scrollIntoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' })
}
