import type { Json } from '../api/types'
import type { Change } from './changes'

/** Each place that was changed, with what stood there before and after. */
export function ChangeList({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <p className="muted">Nothing: it was taken as it was.</p>
  return (
    <ul className="changes plain">
      {changes.map(({ place, before, after }) => (
        <li key={place} className="change">
          <div className="mono small muted">{place === '$' ? 'All of it' : place.replace(/^\$\.?/, '')}</div>
          <Side word="Before" value={before} />
          <Side word="After" value={after} />
        </li>
      ))}
    </ul>
  )
}

function Side({ word, value }: { word: 'Before' | 'After'; value: Json | undefined }) {
  const Mark = word === 'Before' ? 'del' : 'ins'
  return (
    <div className="change-side">
      <span className="change-word muted small">{word}</span>
      {value === undefined ? (
        <span className="muted">Nothing</span>
      ) : (
        <Mark className={`change-${word.toLowerCase()}`} dir="auto">
          {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
        </Mark>
      )}
    </div>
  )
}
