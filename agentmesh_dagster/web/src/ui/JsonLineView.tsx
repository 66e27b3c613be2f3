import { useState } from 'react'
import type { ReactNode } from 'react'
import type { JsonLine } from '../schema/jsonLines'
import { Icon } from './icons'

const LONGEST_TEXT = 1_000
const AROUND = 200 // characters that are shown before a match far down in a text
const MOST_MARKS = 200

interface Props {
  line: JsonLine
  /** The text to mark; '' where nothing was found. */
  search: string
  /** Whether it is the match that one looks at. */
  isCurrent: boolean
  onToggle: (place: string) => void
}

/** One line of a JSON tree. */
export function JsonLineView({ line, search, isCurrent, onToggle }: Props) {
  const isBag = line.kind === 'object' || line.kind === 'array'
  return (
    <div
      className={isCurrent ? 'json-line json-current' : 'json-line'}
      style={{ paddingInlineStart: 18 + line.depth * 16 }}
    >
      {isBag && line.size > 0 && (
        <button
          type="button"
          className="json-fold"
          aria-expanded={line.isOpen}
          aria-label={String(line.name)}
          onClick={() => onToggle(line.place)}
        >
          <Icon name={line.isOpen ? 'down' : 'chevron'} size={12} />
        </button>
      )}
      {line.name !== undefined && (
        <span className={typeof line.name === 'number' ? 'json-place' : 'json-name'}>
          {mark(String(line.name), search)}:{' '}
        </span>
      )}
      {isBag ? (
        <span className="json-size">{formatSize(line)}</span>
      ) : (
        <ScalarView line={line} search={search} />
      )}
    </div>
  )
}

function ScalarView({ line, search }: { line: JsonLine; search: string }) {
  const [isWhole, setWhole] = useState(false)
  const text = line.kind === 'string' ? String(line.value) : JSON.stringify(line.value)
  const isCut = !isWhole && text.length > LONGEST_TEXT
  const from = isCut ? cutFrom(text, search) : 0
  return (
    <span className={`json-${line.kind}`} dir={line.kind === 'string' ? 'auto' : undefined}>
      {from > 0 && '… '}
      {mark(isCut ? text.slice(from, from + LONGEST_TEXT) : text, search)}
      {isCut && (
        <button type="button" className="json-rest" onClick={() => setWhole(true)}>
          … all {text.length.toLocaleString('en')} characters
        </button>
      )}
    </span>
  )
}

function formatSize({ kind, size, isOpen }: JsonLine): string {
  if (kind === 'array')
    return size === 0 ? '[ ]' : isOpen ? '' : `[ ${size} ${size === 1 ? 'item' : 'items'} ]`
  return size === 0 ? '{ }' : isOpen ? '' : `{ ${size} ${size === 1 ? 'field' : 'fields'} }`
}

/** Where a long text is shown from: its beginning, or a little before what was found behind that. */
function cutFrom(text: string, search: string): number {
  const at = search ? text.toLowerCase().indexOf(search.toLowerCase()) : -1
  return at + search.length <= LONGEST_TEXT ? 0 : Math.max(0, at - AROUND)
}

/** The text with every match marked, up to some. */
function mark(text: string, search: string): ReactNode {
  if (!search) return text
  const wanted = search.toLowerCase()
  const lower = text.toLowerCase()
  const parts: ReactNode[] = []
  let end = 0
  for (
    let at = lower.indexOf(wanted);
    at >= 0 && parts.length < MOST_MARKS;
    at = lower.indexOf(wanted, end)
  ) {
    parts.push(text.slice(end, at), <mark key={at}>{text.slice(at, at + search.length)}</mark>)
    end = at + search.length
  }
  return [...parts, text.slice(end)]
}
