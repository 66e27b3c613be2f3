import { useState } from 'react'
import { useRestore, useRevisions } from '../api/catalogue'
import { describeError } from '../api/problem'
import type { Revision } from '../api/types'
import { useToast } from '../app/toasts'
import { Dialog } from '../ui/Dialog'
import { Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { Time } from '../ui/Time'
import { RevisionDiff } from './RevisionDiff'
import type { Other } from './RevisionDiff'
import { replaceWith } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** The revisions of the workflow: what each changed, how it differs from the canvas, and restoring one. */
export function HistoryDialog({ mayEdit, onClose }: { mayEdit: boolean; onClose: () => void }) {
  const id = useEditor((state) => state.saved.id)
  const newest = useEditor((state) => state.saved.revision)
  const revisions = useRevisions('workflows', id)
  const [picked, setPicked] = useState<number>()
  const [other, setOther] = useState<Other>('before')
  const all = revisions.data?.pages.flatMap((page) => page.items) ?? []
  const at = Math.max(
    0,
    all.findIndex(({ revision }) => revision === picked),
  )
  const chosen = all[at]
  const restore = useRestoring(id, onClose)
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
            onClick={() => restore.begin(chosen.revision)}
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
                id={id}
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
      {revision.note && <span className="small truncate">{revision.note}</span>}
    </button>
  )
}

/** The revision before, that was not a deletion. */
function findBefore(all: readonly Revision[], at: number): Revision | undefined {
  return all.slice(at + 1).find((revision) => !revision.deleted)
}

/** Restores a revision as a new one, and shows it on the canvas; Undo brings back what was there. */
function useRestoring(id: string, onDone: () => void) {
  const store = useEditorStore()
  const restore = useRestore('workflows', id)
  const say = useToast()
  const begin = (revision: number) =>
    restore.mutate(revision, {
      onSuccess: (restored) => {
        store.change((state) => ({ ...replaceWith(state, restored), saved: restored }))
        say({ text: `Revision ${revision} is restored as revision ${restored.revision}.` })
        onDone()
      },
      onError: (error) => say({ text: describeError(error), kind: 'bad' }),
    })
  return { begin, isPending: restore.isPending }
}
