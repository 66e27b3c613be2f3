import { useState } from 'react'
import { useRestore, useRevisions } from '../api/catalogue'
import type { EntityOf } from '../api/catalogue'
import { describeError } from '../api/problem'
import type { Revision } from '../api/types'
import { useToast } from '../app/toasts'
import { Dialog } from '../ui/Dialog'
import { Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { Time } from '../ui/Time'
import { RevisionDiff } from './RevisionDiff'
import type { Other, Versioned } from './RevisionDiff'
import './RevisionsDialog.css'

interface Props<Kind extends Versioned> {
  kind: Kind
  id: string
  /** The revision that is looked at first; else the newest. */
  first?: number
  /** What is being edited, and where: `on the canvas`. */
  mine?: EntityOf[Kind]
  mineWord?: string
  mayEdit: boolean
  onClose: () => void
  /** What there is now, after one was restored. */
  onRestored: (restored: EntityOf[Kind]) => void
}

/** The revisions of a workflow, an agent or a tool: what each changed, how it differs from what is being edited, and
 *  restoring one. */
export default function RevisionsDialog<Kind extends Versioned>(props: Props<Kind>) {
  const { kind, id, first, mine, mineWord = '', mayEdit, onClose, onRestored } = props
  const revisions = useRevisions(kind, id)
  const [picked, setPicked] = useState(first)
  const [other, setOther] = useState<Other>('before')
  const all = revisions.data?.pages.flatMap((page) => page.items) ?? []
  const at = Math.max(
    0,
    all.findIndex(({ revision }) => revision === picked),
  )
  const chosen = all[at]
  const newest = all[0]?.deleted ? undefined : all[0]?.revision
  const restore = useRestore(kind, id)
  const say = useToast()
  const onRestore = (revision: number) =>
    restore.mutate(revision, {
      onSuccess: (restored) => {
        onRestored(restored)
        say({ text: `Revision ${revision} is restored as a new one.` })
        onClose()
      },
      onError: (error) => say({ text: describeError(error), kind: 'bad' }),
    })
  return (
    <Dialog
      title="Revisions"
      size="large"
      onClose={onClose}
      actions={
        mayEdit &&
        chosen && (
          <button
            type="button"
            className="button button-primary"
            disabled={chosen.deleted || chosen.revision === newest || restore.isPending}
            onClick={() => onRestore(chosen.revision)}
          >
            Restore revision {chosen.revision}
          </button>
        )
      }
    >
      <Loaded query={revisions}>
        {() => (
          <div className="revisions">
            <div>
              <ul className="plain revisions-list" aria-label="Revisions, newest first">
                {all.map((revision) => (
                  <li key={revision.revision}>
                    <RevisionLine
                      revision={revision}
                      isChosen={revision === chosen}
                      isNewest={revision.revision === newest}
                      onChoose={() => setPicked(revision.revision)}
                    />
                  </li>
                ))}
              </ul>
              <ShowMore list={revisions} />
            </div>
            {chosen && (
              <RevisionDiff
                kind={kind}
                id={id}
                mine={mine}
                mineWord={mineWord}
                chosen={chosen}
                before={findBefore(all, at)}
                other={other}
                onOther={setOther}
                all={all}
              />
            )}
          </div>
        )}
      </Loaded>
    </Dialog>
  )
}

function RevisionLine(props: {
  revision: Revision
  isChosen: boolean
  isNewest: boolean
  onChoose: () => void
}) {
  const { revision, isChosen, isNewest, onChoose } = props
  return (
    <button type="button" className="revision" aria-pressed={isChosen} onClick={onChoose}>
      <span>
        <strong>r{revision.revision}</strong> {isNewest && '· current'} {revision.deleted && '· deleted'}
      </span>
      <span className="muted small">
        {revision.savedBy}, <Time at={revision.savedAt} />
      </span>
      {revision.message && <span className="small truncate">{revision.message}</span>}
    </button>
  )
}

/** The revision before, that was not a deletion. */
function findBefore(all: readonly Revision[], at: number): Revision | undefined {
  return all.slice(at + 1).find((revision) => !revision.deleted)
}
