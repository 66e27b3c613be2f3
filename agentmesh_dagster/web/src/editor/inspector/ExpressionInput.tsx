import { useId, useLayoutEffect, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { complete, sortByType } from '../../graph/completions'
import type { Completion, Offers } from '../../graph/completions'
import { findPlaceholder, insertName } from '../../graph/templates'
import type { Span } from '../../graph/templates'
import type { FieldProps } from '../../ui/Field'
import { Icon } from '../../ui/icons'
import { SuggestionList } from './SuggestionList'

interface Props extends Partial<FieldProps> {
  value: string
  onChange: (value: string) => void
  /** What may be named here; asked for when it is needed. */
  offers: Offers
  /** The types that the value may have, where that is known: what fits comes first. */
  types?: readonly string[]
  /** Whether expressions stand inside of `{{ }}`, or the text is one. */
  isTemplate?: boolean
  label?: string
  placeholder?: string
  rows?: number
}

interface Popup {
  cursor: number
  /** Whether it was asked for, and nothing need be typed. */
  isAsked: boolean
  active: number
}

/** A text that names values: while one writes, it offers what is there. Ctrl Space offers everything. */
export function ExpressionInput({
  value,
  onChange,
  offers,
  types,
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

  // Worked out with each drawing: what may be named comes a moment after a node was placed or wired.
  const { replaces, matches } = popup ? find(value, popup, { offers, isTemplate, types }) : NO_MATCHES
  const look = (cursor: number, isAsked: boolean) => setPopup({ cursor, isAsked, active: 0 })
  const ask = () => {
    const cursor = area.current?.selectionStart ?? value.length
    area.current?.focus()
    look(cursor, true)
  }
  const choose = (completion: Completion) => {
    if (!popup) return
    const next = insertName(value, popup.cursor, replaces, completion.text, isTemplate)
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
    if (!popup || matches.length === 0) return
    const active = Math.min(popup.active, matches.length - 1)
    const by = { ArrowDown: 1, ArrowUp: matches.length - 1 }[event.key]
    const chosen = matches[active]
    if (by !== undefined) setPopup({ ...popup, active: (active + by) % matches.length })
    else if (event.key === 'Enter' && chosen) choose(chosen)
    else if (event.key === 'Escape') setPopup(undefined)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const isOpen = matches.length > 0
  const active = Math.min(popup?.active ?? 0, matches.length - 1)
  return (
    <div className="expression">
      <textarea
        {...field}
        ref={area}
        className={isTemplate ? 'textarea' : 'textarea mono'}
        rows={Math.min(Math.max(rows, value.split('\n').length), 16)}
        aria-label={label}
        aria-autocomplete="list"
        aria-controls={isOpen ? listId : undefined}
        aria-activedescendant={isOpen ? `${listId}-${active}` : undefined}
        dir="auto"
        spellCheck={isTemplate}
        placeholder={placeholder}
        value={value}
        onChange={(event) => {
          onChange(event.target.value)
          look(event.target.selectionStart, false)
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
      {isOpen && <SuggestionList id={listId} matches={matches} active={active} onChoose={choose} />}
    </div>
  )
}

interface Matches {
  /** How many characters before the cursor are replaced. */
  replaces: number
  matches: readonly Completion[]
}

const NO_MATCHES: Matches = { replaces: 0, matches: [] }

/** What may be named at the cursor: what begins as what was typed; everything, if nothing was. */
function find(
  text: string,
  { cursor, isAsked }: Popup,
  { offers, isTemplate, types }: Pick<Props, 'offers' | 'isTemplate' | 'types'>,
): Matches {
  const span = isTemplate ? findPlaceholder(text, cursor) : { from: 0, to: text.length }
  const before = span ? text.slice(span.from, cursor) : ''
  const found = span ? complete(before, before.length, offers) : NO_MATCHES
  const isEmpty = span !== undefined && isTemplate === true && before.trim() === ''
  const isAlone = !isTemplate || isPlaceholderAlone(text, span)
  const { replaces, matches } =
    found.matches.length > 0 || !(isAsked || isEmpty) ? found : { replaces: 0, matches: offers('') }
  return { replaces, matches: isAlone ? sortByType(matches, types) : matches }
}

/** Whether the text is no more than the one value: then it keeps its type. */
function isPlaceholderAlone(text: string, span: Span | undefined): boolean {
  if (!span) return text.trim() === ''
  return text.slice(0, span.from) === '{{' && ['', '}}'].includes(text.slice(span.to))
}
