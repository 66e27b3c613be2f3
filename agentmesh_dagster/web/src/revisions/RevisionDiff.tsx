import { useRevision } from '../api/catalogue'
import type { EntityOf } from '../api/catalogue'
import type { Revision } from '../api/types'
import { Loaded } from '../ui/states'
import EntityDiff from './EntityDiff'

/** What a revision is compared with: the one before it, what is being edited, or another one. */
export type Other = 'before' | 'mine' | number

export type Versioned = 'workflows' | 'agents' | 'tools'

interface Props<Kind extends Versioned> {
  kind: Kind
  id: string
  /** What is being edited, and where: `the canvas`. */
  mine?: EntityOf[Kind]
  mineWord: string
  chosen: Revision
  before: Revision | undefined
  other: Other
  onOther: (other: Other) => void
  all: readonly Revision[]
}

/** A revision beside another version of the same entity. */
export function RevisionDiff<Kind extends Versioned>(props: Props<Kind>) {
  const { kind, id, mine, mineWord, chosen, before, other, onOther, all } = props
  const otherRevision = other === 'before' ? before?.revision : other === 'mine' ? undefined : other
  const one = useRevision(kind, id, chosen.deleted ? undefined : chosen.revision)
  const two = useRevision(kind, id, otherRevision)
  return (
    <div className="stack revisions-diff">
      <label className="row">
        <span className="field-label">Compare r{chosen.revision} with</span>
        <select
          className="select revisions-other"
          value={String(other)}
          onChange={(event) => onOther(readOther(event.target.value))}
        >
          <option value="before">the revision before</option>
          {mine && <option value="mine">what is {mineWord}</option>}
          {all
            .filter(({ deleted, revision }) => !deleted && revision !== chosen.revision)
            .map(({ revision }) => (
              <option key={revision} value={revision}>
                r{revision}
              </option>
            ))}
        </select>
      </label>
      {chosen.deleted ? (
        <p>With this revision it was deleted.</p>
      ) : other === 'before' && !before ? (
        <p className="muted">It is the first revision.</p>
      ) : (
        <Loaded query={one}>
          {(shown) =>
            other === 'mine' && mine ? (
              <EntityDiff before={shown} after={mine} />
            ) : (
              <Loaded query={two}>
                {(beside) =>
                  (otherRevision ?? 0) > chosen.revision ? (
                    <EntityDiff before={shown} after={beside} />
                  ) : (
                    <EntityDiff before={beside} after={shown} />
                  )
                }
              </Loaded>
            )
          }
        </Loaded>
      )}
    </div>
  )
}

function readOther(text: string): Other {
  return text === 'before' || text === 'mine' ? text : Number(text)
}
