import type { Json } from '../api/types'
import { areEqual } from '../schema/json'
import './Differences.css'

interface Props {
  /** Two states of one entity; what the store sets is left out. */
  mine: object
  theirs: object
}

const SET_BY_STORE = new Set(['createdAt', 'updatedAt', 'revision'])

/** The fields in which two states of an entity differ, side by side. */
export function Differences({ mine, theirs }: Props) {
  const one = mine as Record<string, Json | undefined>
  const other = theirs as Record<string, Json | undefined>
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  const changed = names.filter((name) => !SET_BY_STORE.has(name) && !areEqual(one[name], other[name]))
  if (changed.length === 0) return <p>Both say the same.</p>
  return (
    <table className="differences" aria-label="What differs">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Mine</th>
          <th scope="col">Theirs</th>
        </tr>
      </thead>
      <tbody>
        {changed.map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td dir="auto">{write(one[name])}</td>
            <td dir="auto">{write(other[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function write(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
