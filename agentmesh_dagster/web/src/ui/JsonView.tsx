import { useEffect, useMemo, useRef, useState } from 'react'
import type { Json } from '../api/types'
import { findPlaces, listLines } from '../schema/jsonLines'
import { CopyButton } from './CopyButton'
import { JsonLineView } from './JsonLineView'
import { JsonSearch } from './JsonSearch'
import './JsonView.css'

interface Props {
  value: Json | undefined
  /** What the value is: `Output of Review`. */
  label: string
  /** What is copied, where part of it is shown elsewhere. */
  copied?: Json
  /** Levels that are open at first. */
  openLevels?: number
}

const FIRST_LINES = 300
const MOST_FOUND = 1_000
const LONG_TEXT = 1_000 // characters
const SEARCH_FROM = 12 // lines: below that one sees all at a glance

/** A JSON value as a tree: search, copy, fold. Of large values only what is open is drawn. */
export function JsonView({ value, label, copied = value, openLevels = 2 }: Props) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const [search, setSearch] = useState('')
  const [most, setMost] = useState(FIRST_LINES)
  const [chosen, setChosen] = useState(0)
  const tree = useRef<HTMLDivElement>(null)
  const { found, around } = useMemo(() => findPlaces(value ?? null, search, MOST_FOUND), [value, search])
  const lines = useMemo(() => {
    const isOpen = (place: string, depth: number) =>
      around.has(place) || depth < openLevels !== toggled.has(place)
    return listLines(value ?? null, isOpen)
  }, [value, around, toggled, openLevels])
  const matches = useMemo(() => new Set(found), [found])
  const current = found[chosen % Math.max(found.length, 1)]
  const currentAt = useMemo(
    () => (current === undefined ? -1 : lines.findIndex(({ place }) => place === current)),
    [lines, current],
  )
  const shown = Math.max(most, currentAt + FIRST_LINES / 2) // what was found is drawn, however far down it stands
  useEffect(() => {
    if (current !== undefined)
      tree.current?.querySelector('.json-current')?.scrollIntoView({ block: 'nearest' })
  }, [current])

  if (value === undefined) return <p className="muted">Nothing.</p>
  const toggle = (place: string) => setToggled((before) => flip(before, place))
  return (
    <div className="json">
      <div className="json-bar">
        {(lines.length >= SEARCH_FROM || search || isLong(value)) && (
          <JsonSearch
            label={label}
            text={search}
            onText={(text) => {
              setSearch(text)
              setChosen(0)
            }}
            count={found.length}
            at={chosen % Math.max(found.length, 1)}
            isCut={found.length >= MOST_FOUND}
            onMove={(by) => setChosen((before) => (before + by + found.length) % Math.max(found.length, 1))}
          />
        )}
        <span className="grow" />
        <CopyButton
          text={() => (typeof copied === 'string' ? copied : JSON.stringify(copied, null, 2))}
          what={label}
        />
      </div>
      <div className="json-lines" role="group" aria-label={label} dir="ltr" ref={tree}>
        {lines.slice(0, shown).map((line) => (
          <JsonLineView
            key={line.place}
            line={line}
            search={matches.has(line.place) ? search.trim() : ''}
            isCurrent={line.place === current}
            onToggle={toggle}
          />
        ))}
      </div>
      {lines.length > shown && (
        <button type="button" className="button button-small" onClick={() => setMost(shown * 4)}>
          Show more of {lines.length.toLocaleString('en')} lines
        </button>
      )}
    </div>
  )
}

/** A text of which one does not see all at a glance. */
function isLong(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).some(isLongText)
}

function isLongText(value: Json): boolean {
  return typeof value === 'string' && value.length > LONG_TEXT
}

function flip(places: ReadonlySet<string>, place: string): ReadonlySet<string> {
  const flipped = new Set(places)
  if (!flipped.delete(place)) flipped.add(place)
  return flipped
}
