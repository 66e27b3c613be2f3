import { useState } from 'react'
import { useLocation } from 'wouter'
import { useDraftCalls } from '../api/drafts'
import { describeError } from '../api/problem'
import { addresses } from '../app/addresses'
import { useToast } from '../app/toasts'
import EntityDiff from '../revisions/EntityDiff'
import { ConfirmDialog, Dialog } from '../ui/Dialog'
import { Icon } from '../ui/icons'
import { Time } from '../ui/Time'
import { dropStored } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** Says that what is edited is a draft: whose, since when, of what; and discards it. */
export function DraftNotice({ mayEdit }: { mayEdit: boolean }) {
  const store = useEditorStore()
  const stored = useEditor((state) => state.stored)
  const saved = useEditor((state) => state.saved)
  const drafts = useDraftCalls('workflows')
  const say = useToast()
  const [, navigate] = useLocation()
  const [shows, setShows] = useState<'difference' | 'question'>()
  if (!stored) return null
  const close = () => setShows(undefined)
  const discard = () =>
    void drafts.discard(stored.workflow.id, stored.version).then(
      () => {
        close()
        say({ text: 'The draft is discarded.' })
        if (saved.revision === undefined) navigate(addresses.project(saved.projectId))
        else store.change(dropStored)
      },
      (error: unknown) => say({ text: describeError(error), kind: 'bad' }),
    )
  return (
    <div className="notice editor-notice" role="status">
      <Icon name="edit" />
      <span className="grow">
        <strong>Draft</strong>
        {saved.revision === undefined
          ? ', never published'
          : ` of revision ${stored.baseRevision ?? saved.revision}`}
        , saved by <bdi>{stored.savedBy}</bdi> <Time at={stored.savedAt} />. Runs use what is published.
      </span>
      {saved.revision !== undefined && (
        <button type="button" className="button button-small" onClick={() => setShows('difference')}>
          Show the difference
        </button>
      )}
      {mayEdit && (
        <button type="button" className="button button-small" onClick={() => setShows('question')}>
          Discard draft
        </button>
      )}
      {shows === 'difference' && (
        <Dialog title="What the draft changes" size="large" onClose={close}>
          <EntityDiff before={saved} after={stored.workflow} />
        </Dialog>
      )}
      {shows === 'question' && (
        <ConfirmDialog title="Discard the draft?" verb="Discard draft" onConfirm={discard} onClose={close}>
          What is published stays as it is.
        </ConfirmDialog>
      )}
    </div>
  )
}
