import type { Change } from '../graph/compare'
import { DiffLines, isAllSame, useLineDiff } from './LineDiff'

interface Props {
  changes: readonly Change[]
  /** Both versions as text. */
  before: string
  after: string
}

/** The difference between two versions: first what, then line by line. */
export function DiffView({ changes, before, after }: Props) {
  const parts = useLineDiff(before, after)
  if (isAllSame(parts)) return <p className="muted">There is no difference.</p>
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
      <DiffLines parts={parts} />
    </div>
  )
}
