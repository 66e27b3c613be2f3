import { useMemo, useState } from 'react'
import type { Json } from '../api/types'
import { findPlaces, listLines } from '../schema/jsonLines'
import { CopyButton } from './CopyButton'
import { Icon } from './icons'
import { JsonLineView } from './JsonLineView'
import './JsonView.css'

interface Props {
  value: Json | undefined
  /** What the value is: `Output of Review`. */
  label: string
  /** Levels that are open at first. */
  openLevels?: number
}

const FIRST_LINES = 300
const SEARCH_FROM = 12 // lines: below that one sees all at a glance

/** A JSON value as a tree: search, copy, fold. Of large values only what is open is drawn. */
export function JsonView({ value, label, openLevels = 2 }: Props) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const [search, setSearch] = useState('')
  const [most, setMost] = useState(FIRST_LINES)
  const { found, around } = useMemo(() => findPlaces(value ?? null, search), [value, search])
  const lines = useMemo(() => {
    const isOpen = (place: string, depth: number) =>
      around.has(place) || depth < openLevels !== toggled.has(place)
    return listLines(value ?? null, isOpen)
  }, [value, around, toggled, openLevels])
  const matches = useMemo(() => new Set(found), [found])

  if (value === undefined) return <p className="muted">Nothing.</p>
  const toggle = (place: string) => setToggled((before) => flip(before, place))
  return (
    <div className="json">
      <div className="json-bar">
        {(lines.length >= SEARCH_FROM || search) && (
          <label className="json-search">
            <Icon name="search" size={14} />
            <input
              type="search"
              className="input"
              aria-label={`Search in ${label}`}
              placeholder="Search"
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          </label>
        )}
        {search && (
          <span className="small muted" role="status">
            {found.length === 1 ? '1 match' : `${found.length} matches`}
          </span>
        )}
        <span className="grow" />
        <CopyButton
          text={() => (typeof value === 'string' ? value : JSON.stringify(value, null, 2))}
          what={label}
        />
      </div>
      <div className="json-lines" role="group" aria-label={label} dir="ltr">
        {lines.slice(0, most).map((line) => (
          <JsonLineView
            key={line.place}
            line={line}
            search={matches.has(line.place) ? search.trim() : ''}
            onToggle={toggle}
          />
        ))}
      </div>
      {lines.length > most && (
        <button type="button" className="button button-small" onClick={() => setMost(most * 4)}>
          Show more of {lines.length.toLocaleString('en')} lines
        </button>
      )}
    </div>
  )
}

function flip(places: ReadonlySet<string>, place: string): ReadonlySet<string> {
  const flipped = new Set(places)
  if (!flipped.delete(place)) flipped.add(place)
  return flipped
}
