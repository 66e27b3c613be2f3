import { useEffect } from 'react'
import type { Workflow } from '../api/types'
import { UnsavedNotice } from '../app/UnsavedNotice'
import { useLocalCopy } from '../app/useLocalCopy'
import { haveSameContent } from '../graph/compare'
import EntityDiff from '../revisions/EntityDiff'
import { hasUnsavedEdits, keptOf, restoreEdits, workflowOf } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** Keeps unsaved edits in this browser, and offers those of an earlier visit. */
export function UnsavedEdits() {
  const store = useEditorStore()
  const kept = useEditor(keptOf)
  const name = useEditor((state) => `workflows ${state.saved.id || `new in ${state.saved.projectId}`}`)
  const { offer, settle, keep } = useLocalCopy<Workflow>(name)
  useEffect(() => {
    let seen: Workflow | undefined
    return store.subscribe(() => {
      const state = store.get()
      if (workflowOf(state) === seen) return
      seen = workflowOf(state)
      keep(hasUnsavedEdits(state) ? { value: seen, saved: state.saved } : undefined)
    })
  }, [store, keep])
  if (!offer || haveSameContent(offer.value, kept)) return null
  return (
    <div className="editor-notice">
      <UnsavedNotice
        at={offer.at}
        isBehind={(offer.saved.revision ?? 0) < (kept.revision ?? 0)}
        onDiscard={settle}
        onRestore={() => {
          store.change((state) => restoreEdits(state, offer.value, offer.saved))
          settle()
        }}
      >
        <EntityDiff before={kept} after={offer.value} />
      </UnsavedNotice>
    </div>
  )
}
