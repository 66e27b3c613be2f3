import { useId, useLayoutEffect, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { complete } from '../../graph/completions'
import type { Completion } from '../../graph/completions'
import { findPlaceholder, insertName } from '../../graph/templates'
import type { FieldProps } from '../../ui/Field'
import { Icon } from '../../ui/icons'
import { SuggestionList } from './SuggestionList'

interface Props extends Partial<FieldProps> {
  value: string
  onChange: (value: string) => void
  /** What may be named here; asked for when it is needed. */
  offers: () => Completion[]
  /** Whether expressions stand inside of `{{ }}`, or the text is one. */
  isTemplate?: boolean
  label?: string
  placeholder?: string
  rows?: number
}

interface Popup {
  cursor: number
  replaces: number
  matches: Completion[]
  active: number
}

/** A text that names values: while one writes, it offers what is there. Ctrl Space offers everything. */
export function ExpressionInput({
  value,
  onChange,
  offers,
  isTemplate = false,
  label,
  placeholder,
  rows = 1,
  ...field
}: Props) {
  const area = useRef<HTMLTextAreaElement>(null)
  const cursorAfter = useRef<number>(undefined) // where the cursor goes when what was chosen is written
  const listId = useId()
  const [popup, setPopup] = useState<Popup>()

  useLayoutEffect(() => {
    if (cursorAfter.current === undefined) return
    area.current?.setSelectionRange(cursorAfter.current, cursorAfter.current)
    cursorAfter.current = undefined
  }) // of every drawing, since what was chosen is written by the one after

  const look = (text: string, cursor: number, isAsked: boolean) => {
    const from = isTemplate ? findPlaceholder(text, cursor)?.from : 0
    const { replaces, matches } =
      from === undefined ? NO_MATCHES : complete(text.slice(from, cursor), cursor - from, offers())
    const isEmpty = from !== undefined && isTemplate && text.slice(from, cursor).trim() === ''
    const shown = matches.length > 0 || !(isAsked || isEmpty) ? matches : offers()
    setPopup(
      shown.length > 0
        ? { cursor, replaces: matches.length > 0 ? replaces : 0, matches: shown, active: 0 }
        : undefined,
    )
  }
  const ask = () => {
    const cursor = area.current?.selectionStart ?? value.length
    area.current?.focus()
    look(value, cursor, true)
  }
  const choose = (completion: Completion) => {
    if (!popup) return
    const next = insertName(value, popup.cursor, popup.replaces, completion.text, isTemplate)
    cursorAfter.current = next.cursor
    setPopup(undefined)
    onChange(next.text)
    area.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault()
      ask()
      return
    }
    if (!popup) return
    const by = { ArrowDown: 1, ArrowUp: popup.matches.length - 1 }[event.key]
    const chosen = popup.matches[popup.active]
    if (by !== undefined) setPopup({ ...popup, active: (popup.active + by) % popup.matches.length })
    else if (event.key === 'Enter' && chosen) choose(chosen)
    else if (event.key === 'Escape') setPopup(undefined)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div className="expression">
      <textarea
        {...field}
        ref={area}
        className={isTemplate ? 'textarea' : 'textarea mono'}
        rows={Math.min(Math.max(rows, value.split('\n').length), 16)}
        aria-label={label}
        aria-autocomplete="list"
        aria-controls={popup ? listId : undefined}
        aria-activedescendant={popup ? `${listId}-${popup.active}` : undefined}
        dir="auto"
        spellCheck={isTemplate}
        placeholder={placeholder}
        value={value}
        onChange={(event) => {
          onChange(event.target.value)
          look(event.target.value, event.target.selectionStart, false)
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setPopup(undefined)}
      />
      <button
        type="button"
        className="button button-quiet button-small button-icon expression-ask"
        aria-label={label ? `Insert a value into ${label}` : 'Insert a value'}
        title="What can be named here (Ctrl Space)"
        onMouseDown={(event) => event.preventDefault()}
        onClick={ask}
      >
        <Icon name="braces" size={14} />
      </button>
      {popup && (
        <SuggestionList id={listId} matches={popup.matches} active={popup.active} onChoose={choose} />
      )}
    </div>
  )
}

const NO_MATCHES = { replaces: 0, matches: [] }
