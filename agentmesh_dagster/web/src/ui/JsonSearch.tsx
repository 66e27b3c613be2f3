import { Icon } from './icons'

interface Props {
  label: string
  text: string
  onText: (text: string) => void
  /** How many places were found, and which of them is shown, from 0. */
  count: number
  at: number
  /** Whether there may be more than were counted. */
  isCut: boolean
  onMove: (by: 1 | -1) => void
}

/** A search field that goes through what it found: Enter to the next match, Shift Enter to the one before. */
export function JsonSearch({ label, text, onText, count, at, isCut, onMove }: Props) {
  const total = `${count.toLocaleString('en')}${isCut ? '+' : ''}`
  return (
    <>
      <label className="json-search">
        <Icon name="search" size={14} />
        <input
          type="search"
          className="input"
          aria-label={`Search in ${label}`}
          placeholder="Search"
          value={text}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return
            event.preventDefault()
            onMove(event.shiftKey ? -1 : 1)
          }}
        />
      </label>
      {text.trim() !== '' && (
        <>
          <span className="small muted json-count" role="status">
            {count === 0 ? 'No matches' : count === 1 ? '1 match' : `${at + 1} of ${total} matches`}
          </span>
          {count > 1 && (
            <>
              <button
                type="button"
                className="button button-quiet button-small button-icon"
                aria-label="Previous match"
                onClick={() => onMove(-1)}
              >
                <Icon name="up" size={14} />
              </button>
              <button
                type="button"
                className="button button-quiet button-small button-icon"
                aria-label="Next match"
                onClick={() => onMove(1)}
              >
                <Icon name="down" size={14} />
              </button>
            </>
          )}
        </>
      )}
    </>
  )
}
