import { useMemo } from 'react'
import type { Change } from '../graph/compare'
import { diffLines, foldSame } from '../graph/lineDiff'
import type { DiffLine } from '../graph/lineDiff'
import './DiffView.css'

interface Props {
  changes: readonly Change[]
  /** Both versions as text. */
  before: string
  after: string
}

/** The difference between two versions: first what, then line by line. */
export function DiffView({ changes, before, after }: Props) {
  const parts = useMemo(() => foldSame(diffLines(before, after)), [before, after])
  const isSame = parts.every((part) => part.kind === 'gap')
  if (isSame) return <p className="muted">There is no difference.</p>
  return (
    <div className="stack">
      <ul className="plain diff-changes">
        {changes.map(({ kind, what, fields }) => (
          <li key={`${kind} ${what}`}>
            <span className={`diff-kind diff-kind-${kind}`}>{kind}</span>
            <span dir="auto">{what}</span>
            {fields.length > 0 && <span className="muted small mono">{fields.join(', ')}</span>}
          </li>
        ))}
      </ul>
      <div className="diff" role="group" aria-label="Line by line">
        {parts.map((part, at) =>
          part.kind === 'gap' ? (
            <div key={at} className="diff-gap">
              {part.count} {part.count === 1 ? 'line' : 'lines'} as before
            </div>
          ) : (
            part.lines.map((line, place) => <Line key={`${at} ${place}`} line={line} />)
          ),
        )}
      </div>
    </div>
  )
}

const MARKS = { same: ' ', removed: '−', added: '+' } as const
const WORDS = { same: '', removed: 'removed: ', added: 'added: ' } as const

function Line({ line }: { line: DiffLine }) {
  return (
    <div className={`diff-line diff-${line.kind}`}>
      <span className="diff-number">{line.before}</span>
      <span className="diff-number">{line.after}</span>
      <span className="diff-mark" aria-hidden="true">
        {MARKS[line.kind]}
      </span>
      <span className="visually-hidden">{WORDS[line.kind]}</span>
      <span className="diff-text">{line.text}</span>
    </div>
  )
}
