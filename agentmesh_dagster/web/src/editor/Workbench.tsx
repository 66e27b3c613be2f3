import { useCallback, useRef, useState } from 'react'
import { useMay } from '../api/session'
import type { Workflow } from '../api/types'
import { useTitle } from '../app/Page'
import { useFilters } from '../app/place'
import { useLeaveGuard } from '../app/useLeaveGuard'
import { useSaveKey } from '../app/useSaveKey'
import type { PlacedIssue } from '../graph/issues'
import { RunDialog } from '../runs/RunDialog'
import { Announcer } from './Announcer'
import { Canvas } from './Canvas'
import { ConflictDialog } from './ConflictDialog'
import { DraftNotice } from './DraftNotice'
import { EditorBar } from './EditorBar'
import { HelpDialog } from './HelpDialog'
import { EditorRevisions } from './EditorRevisions'
import { Inspector } from './inspector/Inspector'
import type { Wish } from './inspector/Inspector'
import { IssuePanel } from './IssuePanel'
import { JobNotice } from './JobNotice'
import { NewerNotice } from './NewerNotice'
import { Palette } from './Palette'
import { hasUnsavedEdits, isDirty, isUnpublished, select, workflowOf } from './state'
import { PublishDialog } from './PublishDialog'
import { UnsavedEdits } from './UnsavedEdits'
import { useEditor, useEditorStore } from './useEditor'
import { useEditorKeys } from './useEditorKeys'
import { useSaving } from './useSaving'
import { useValidation } from './useValidation'
import { YamlView } from './YamlView'
import './editor.css'

/** The editor as it is seen: the bar, the palette, the canvas or the YAML, the faults, the inspector, and its dialogs. */
export function Workbench({ newest }: { newest: Workflow }) {
  const store = useEditorStore()
  const mayEdit = useMay('edit')
  const [filters, setFilters] = useFilters()
  const view = filters['view'] ?? ''
  const [areIssuesOpen, setIssuesOpen] = useState(false)
  const [wish, setWish] = useState<Wish>()
  const [isRunning, setRunning] = useState(false)
  const dirty = useEditor(isDirty)
  const unpublished = useEditor(isUnpublished)
  const [isPublishing, setPublishing] = useState(false)
  const hasEdits = useEditor(hasUnsavedEdits)
  const name = useEditor((state) => workflowOf(state).name)
  const checking = useValidation(store)
  const showIssues = useCallback(() => setIssuesOpen(true), [])
  const saving = useSaving(store, showIssues)
  const goTo = useGoTo(setWish)
  const inspector = useRef<HTMLElement>(null)
  const showInspector = useCallback(() => bringUp(inspector.current), [])
  useTitle(name || 'New workflow')
  useLeaveGuard(hasEdits && mayEdit && !saving.isSaving)
  useEditorKeys(store, mayEdit)
  useSaveKey(() => {
    if (mayEdit && dirty) void saving.save()
  })

  const run = async () => {
    const isNew = store.get().saved.revision === undefined
    if (unpublished && mayEdit && !(await saving.publish())) return
    if (isNew)
      setFilters({ view: 'run' }) // the page of the new workflow asks for the input
    else setRunning(true)
  }
  const close = () => setFilters({ view: '' })
  const stopRunning = () => {
    setRunning(false)
    if (view === 'run') close()
  }
  return (
    <div className="editor">
      <EditorBar
        mayEdit={mayEdit}
        isSaving={saving.isSaving}
        refusal={saving.refusal}
        view={view === 'yaml' ? 'yaml' : 'canvas'}
        onView={(next) => setFilters({ view: next === 'canvas' ? '' : next })}
        onSaveDraft={() => void saving.saveDraft()}
        onPublish={() => setPublishing(true)}
        onRun={() => void run()}
      />
      <NewerNotice newest={newest} onShow={() => void saving.showTheirs()} />
      <JobNotice />
      <DraftNotice mayEdit={mayEdit} />
      {mayEdit && <UnsavedEdits />}
      <div className="editor-main">
        {view === 'yaml' ? (
          <div className="editor-center">
            <YamlView mayEdit={mayEdit} wish={wish} />
            <IssuePanel checking={checking} isOpen={areIssuesOpen} onOpen={setIssuesOpen} onChoose={goTo} />
          </div>
        ) : (
          <>
            {mayEdit && <Palette />}
            <div className="editor-center">
              <div className="editor-canvas" tabIndex={-1} role="region" aria-label="Canvas">
                <Canvas mayEdit={mayEdit} onPick={showInspector} />
              </div>
              <IssuePanel checking={checking} isOpen={areIssuesOpen} onOpen={setIssuesOpen} onChoose={goTo} />
            </div>
            <Inspector panel={inspector} wish={wish} mayEdit={mayEdit} />
          </>
        )}
      </div>
      <Announcer />
      {view === 'history' && <EditorRevisions mayEdit={mayEdit} onClose={close} />}
      {view === 'keys' && <HelpDialog onClose={close} />}
      {isPublishing && (
        <PublishDialog
          onClose={() => setPublishing(false)}
          onPublish={(message) => {
            setPublishing(false)
            void saving.publish(message)
          }}
        />
      )}
      {saving.conflict && <ConflictDialog conflict={saving.conflict} saving={saving} />}
      {(isRunning || view === 'run') && <RunDialog workflow={store.get().saved} onClose={stopRunning} />}
    </div>
  )
}

/** On a phone the inspector stands below the canvas: brings it up. The focus stays where it is. */
function bringUp(inspector: HTMLElement | null): void {
  if (!matchMedia('(max-width: 700px)').matches) return
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
  inspector?.scrollIntoView({ behavior: isStill ? 'auto' : 'smooth' })
}

/** Goes to the place of a fault: selects what it belongs to, and wishes for its field. */
function useGoTo(setWish: (wish: Wish) => void): (issue: PlacedIssue) => void {
  const store = useEditorStore()
  return useCallback(
    (issue) => {
      const { nodeId, edgeId, field } = issue
      store.change((state) => {
        if (edgeId !== undefined) return select(state, [], [edgeId])
        return select(state, nodeId === undefined ? [] : [nodeId])
      })
      setWish({ issue, field, at: Date.now() })
    },
    [store, setWish],
  )
}
