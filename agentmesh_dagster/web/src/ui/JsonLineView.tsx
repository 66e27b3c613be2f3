import { useState } from 'react'
import type { ReactNode } from 'react'
import type { JsonLine } from '../schema/jsonLines'
import { Icon } from './icons'

const LONGEST_TEXT = 1_000

interface Props {
  line: JsonLine
  /** The text to mark; '' where nothing was found. */
  search: string
  onToggle: (place: string) => void
}

/** One line of a JSON tree. */
export function JsonLineView({ line, search, onToggle }: Props) {
  const isBag = line.kind === 'object' || line.kind === 'array'
  return (
    <div className="json-line" style={{ paddingInlineStart: 18 + line.depth * 16 }}>
      {isBag && line.size > 0 && (
        <button
          type="button"
          className="json-fold"
          aria-expanded={line.isOpen}
          aria-label={line.name === undefined ? 'all' : String(line.name)}
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
  return (
    <span className={`json-${line.kind}`} dir={line.kind === 'string' ? 'auto' : undefined}>
      {mark(isCut ? text.slice(0, LONGEST_TEXT) : text, search)}
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

function mark(text: string, search: string): ReactNode {
  const at = search ? text.toLowerCase().indexOf(search.toLowerCase()) : -1
  if (at < 0) return text
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + search.length)}</mark>
      {text.slice(at + search.length)}
    </>
  )
}
