import { Link } from 'wouter'
import { useNameOf } from '../api/catalogue'
import { addresses } from '../app/addresses'
import { Icon } from '../ui/icons'
import type { IconName } from '../ui/icons'
import { isDirty, isUnpublished, layOutAgain, redoEdit, undoEdit, workflowOf } from './state'
import { useEditor, useEditorStore } from './useEditor'
import type { Refusal } from './useSaving'
import { Message } from '../ui/Message'

type View = 'canvas' | 'yaml'

interface Props {
  mayEdit: boolean
  isSaving: boolean
  refusal: Refusal | undefined
  view: View
  onView: (view: View | 'history' | 'keys') => void
  onSaveDraft: () => void
  onPublish: () => void
  onRun: () => void
}

/** Which workflow this is, and what can be done with all of it. */
export function EditorBar(props: Props) {
  const { mayEdit, isSaving, refusal, view, onView, onSaveDraft, onPublish, onRun } = props
  const store = useEditorStore()
  const canUndo = useEditor((state) => state.history.past.length > 0)
  const canRedo = useEditor((state) => state.history.future.length > 0)
  const dirty = useEditor(isDirty)
  const unpublished = useEditor(isUnpublished)
  const isNew = useEditor((state) => state.saved.revision === undefined)
  return (
    <div className="editor-bar">
      <Title refusal={refusal} />
      {mayEdit && (
        <div className="editor-bar-group">
          <BarButton
            icon="undo"
            label="Undo (Ctrl Z)"
            isOff={!canUndo}
            onClick={() => store.change(undoEdit)}
          />
          <BarButton
            icon="redo"
            label="Redo (Ctrl Shift Z)"
            isOff={!canRedo}
            onClick={() => store.change(redoEdit)}
          />
          <BarButton icon="layout" label="Tidy up" onClick={() => store.change(layOutAgain)} />
        </div>
      )}
      <div className="editor-views" role="group" aria-label="View">
        {VIEWS.map(([one, words]) => (
          <button key={one} type="button" aria-pressed={view === one} onClick={() => onView(one)}>
            {words}
          </button>
        ))}
      </div>
      <div className="editor-bar-group editor-bar-more">
        <BarButton icon="history" label="Revisions" isOff={isNew} onClick={() => onView('history')} />
        <BarButton icon="keyboard" label="Keys" onClick={() => onView('keys')} />
      </div>
      {mayEdit ? (
        <>
          <button type="button" className="button" disabled={isSaving} onClick={onRun}>
            <Icon name="play" />
            {unpublished ? 'Publish and run' : 'Run'}
          </button>
          <button type="button" className="button" disabled={isSaving || !dirty} onClick={onSaveDraft}>
            <Icon name="save" />
            Save draft
          </button>
          <button
            type="button"
            className="button button-primary"
            disabled={isSaving || !unpublished}
            onClick={onPublish}
          >
            {isSaving ? 'Saving …' : 'Publish'}
          </button>
        </>
      ) : (
        <span className="muted small">You may look at it, not change it.</span>
      )}
    </div>
  )
}

const VIEWS: readonly (readonly [View, string])[] = [
  ['canvas', 'Canvas'],
  ['yaml', 'YAML'],
]

function Title({ refusal }: { refusal: Refusal | undefined }) {
  const projectId = useEditor((state) => workflowOf(state).projectId)
  const name = useEditor((state) => workflowOf(state).name)
  const revision = useEditor((state) => state.saved.revision)
  const dirty = useEditor(isDirty)
  const isDraft = useEditor((state) => state.stored !== undefined)
  const isRefused = useEditor((state) => workflowOf(state) === refusal?.workflow)
  const nameOf = useNameOf('projects')
  return (
    <div className="editor-title">
      <Link href={addresses.project(projectId)} className="editor-project truncate" title={nameOf(projectId)}>
        {nameOf(projectId)}
      </Link>
      <span className="muted" aria-hidden="true">
        /
      </span>
      <h1 className="truncate" dir="auto" title={name}>
        {name || 'New workflow'}
      </h1>
      <span
        className={isRefused ? 'editor-state editor-refused small' : 'editor-state muted small'}
        role="status"
      >
        {isRefused ? (
          <Message text={`Not published: ${refusal?.text}`} />
        ) : (
          describeState(revision, dirty, isDraft)
        )}
      </span>
    </div>
  )
}

function describeState(revision: number | undefined, isChanged: boolean, isDraft: boolean): string {
  if (isDraft) return isChanged ? '● changed since the draft' : 'draft, saved'
  if (revision === undefined) return 'not saved yet'
  return isChanged ? `● changed since r${revision}` : `r${revision}, saved`
}

function BarButton(props: { icon: IconName; label: string; isOff?: boolean; onClick: () => void }) {
  const { icon, label, isOff = false, onClick } = props
  return (
    <button
      type="button"
      className="button button-quiet button-icon"
      aria-label={label}
      title={label}
      aria-disabled={isOff}
      onClick={isOff ? undefined : onClick}
    >
      <Icon name={icon} />
    </button>
  )
}
