import { useRevision } from '../api/catalogue'
import type { Revision } from '../api/types'
import { Loaded } from '../ui/states'
import { DiffView } from './DiffView'
import { workflowOf } from './state'
import { useEditor } from './useEditor'

/** What a revision is compared with: the one before it, the canvas, or another one. */
export type Other = 'before' | 'canvas' | number

interface Props {
  id: string
  chosen: Revision
  before: Revision | undefined
  other: Other
  onOther: (other: Other) => void
  all: readonly Revision[]
}

/** A revision beside another version of the same workflow. */
export function RevisionDiff({ id, chosen, before, other, onOther, all }: Props) {
  const mine = useEditor(workflowOf)
  const otherRevision = other === 'before' ? before?.revision : other === 'canvas' ? undefined : other
  const one = useRevision('workflows', id, chosen.deleted ? undefined : chosen.revision)
  const two = useRevision('workflows', id, otherRevision)
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
          <option value="canvas">what is on the canvas</option>
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
        <p>With this revision the workflow was deleted.</p>
      ) : other === 'before' && !before ? (
        <p className="muted">It is the first revision.</p>
      ) : (
        <Loaded query={one}>
          {(shown) =>
            other === 'canvas' ? (
              <DiffView before={shown} after={mine} />
            ) : (
              <Loaded query={two}>
                {(beside) =>
                  (otherRevision ?? 0) > chosen.revision ? (
                    <DiffView before={shown} after={beside} />
                  ) : (
                    <DiffView before={beside} after={shown} />
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
  return text === 'before' || text === 'canvas' ? text : Number(text)
}
