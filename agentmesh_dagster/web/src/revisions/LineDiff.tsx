import { useMemo } from 'react'
import { diffLines, foldSame } from '../graph/lineDiff'
import type { DiffLine, DiffPart } from '../graph/lineDiff'
import './DiffView.css'

/** The difference between two texts, line by line. */
export function LineDiff({ before, after }: { before: string; after: string }) {
  const parts = useLineDiff(before, after)
  return isAllSame(parts) ? <p className="muted">There is no difference.</p> : <DiffLines parts={parts} />
}

export function useLineDiff(before: string, after: string): readonly DiffPart[] {
  return useMemo(() => foldSame(diffLines(before, after)), [before, after])
}

export function isAllSame(parts: readonly DiffPart[]): boolean {
  return parts.every((part) => part.kind === 'gap')
}

export function DiffLines({ parts }: { parts: readonly DiffPart[] }) {
  return (
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
