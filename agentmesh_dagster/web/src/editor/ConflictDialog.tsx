import { useState } from 'react'
import { Dialog } from '../ui/Dialog'
import { Tabs } from '../ui/Tabs'
import { Time } from '../ui/Time'
import EntityDiff from '../revisions/EntityDiff'
import { replaceWith, workflowOf } from './state'
import type { EditorState } from './state'
import { useEditor, useEditorStore } from './useEditor'
import type { Conflict, Saving } from './useSaving'

/** Somebody saved a newer revision: shows both, and asks which way to go. Nothing is saved until that is said. */
export function ConflictDialog({ conflict, saving }: { conflict: Conflict; saving: Saving }) {
  const store = useEditorStore()
  const saved = useEditor((state) => state.saved)
  const mine = useEditor(workflowOf)
  const [view, setView] = useState<'theirs' | 'mine'>('theirs')
  const { theirs, draftVersion, savedBy, savedAt } = conflict
  const isDraft = draftVersion !== undefined
  const takeTheirs = () => {
    store.change((state) =>
      isDraft ? takeDraft(state, conflict) : { ...replaceWith(state, theirs), saved: theirs },
    )
    saving.dropConflict()
  }
  return (
    <Dialog
      title={isDraft ? 'There is a newer draft' : 'There is a newer revision'}
      size="large"
      onClose={saving.dropConflict}
      actions={
        <>
          <button type="button" className="button" onClick={saving.dropConflict}>
            Back to mine
          </button>
          <button type="button" className="button" onClick={takeTheirs}>
            Drop mine, show theirs
          </button>
          <button
            type="button"
            className="button button-danger"
            disabled={saving.isSaving}
            onClick={() => void (isDraft ? saving.saveDraft(conflict) : saving.publish('', conflict))}
          >
            Save mine over theirs
          </button>
        </>
      }
    >
      <div className="stack">
        <p>
          <strong>{savedBy ?? 'Somebody'}</strong> has saved{' '}
          {isDraft ? 'the draft' : <>revision {theirs.revision}</>}
          {savedAt && (
            <>
              {' '}
              <Time at={savedAt} />
            </>
          )}
          {isDraft ? ' after you began.' : `, after the revision ${saved.revision} that you began with.`}{' '}
          Yours is not saved. Whatever you choose, every revision can be restored, and Undo brings yours back.
        </p>
        <Tabs
          label="Differences"
          tabs={[
            { key: 'theirs', label: 'What they changed' },
            { key: 'mine', label: 'What yours would change in theirs' },
          ]}
          chosen={view}
          onChoose={setView}
        >
          {view === 'theirs' ? (
            <EntityDiff before={saved} after={theirs} />
          ) : (
            <EntityDiff before={theirs} after={mine} />
          )}
        </Tabs>
      </div>
    </Dialog>
  )
}

function takeDraft(state: EditorState, { theirs, draftVersion, savedBy, savedAt }: Conflict): EditorState {
  const stored = {
    workflow: theirs,
    version: draftVersion ?? 0,
    baseRevision: state.stored?.baseRevision ?? state.saved.revision,
    savedAt: savedAt ?? new Date().toISOString(),
    savedBy: savedBy ?? '',
  }
  return { ...replaceWith(state, theirs), stored: draftVersion === 0 ? undefined : stored }
}
