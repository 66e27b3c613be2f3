import type { Completion } from '../../graph/completions'

interface Props {
  id: string
  matches: readonly Completion[]
  active: number
  onChoose: (completion: Completion) => void
}

const MOST_SHOWN = 60

/** What can be named at the cursor. The field above keeps the focus and moves through the list. */
export function SuggestionList({ id, matches, active, onChoose }: Props) {
  const first = Math.max(0, active - MOST_SHOWN + 1)
  return (
    <>
      <div className="suggestions" role="listbox" id={id} aria-label="Values">
        {matches.slice(first, first + MOST_SHOWN).map((completion, at) => (
          <div
            key={completion.text}
            id={`${id}-${first + at}`}
            role="option"
            tabIndex={-1}
            aria-selected={first + at === active}
            className="suggestion"
            ref={first + at === active ? keepInSight : undefined}
            onMouseDown={(event) => {
              event.preventDefault() // the focus stays in the field
              onChoose(completion)
            }}
          >
            <code className="truncate">{completion.text}</code>
            <span className="suggestion-detail truncate" dir="auto">
              {completion.detail}
            </span>
          </div>
        ))}
      </div>
      <span className="visually-hidden" role="status">
        {matches.length === 1 ? '1 value can be named' : `${matches.length} values can be named`}
      </span>
    </>
  )
}

function keepInSight(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' })
}
