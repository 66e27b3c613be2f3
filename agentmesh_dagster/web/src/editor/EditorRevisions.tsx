import RevisionsDialog from '../revisions/RevisionsDialog'
import { replaceWith, workflowOf } from './state'
import { useEditor, useEditorStore } from './useEditor'

/** The revisions of the workflow. A restored one is shown on the canvas; Undo brings back what was there. */
export function EditorRevisions({ mayEdit, onClose }: { mayEdit: boolean; onClose: () => void }) {
  const store = useEditorStore()
  const id = useEditor((state) => state.saved.id)
  const mine = useEditor(workflowOf)
  return (
    <RevisionsDialog
      kind="workflows"
      id={id}
      mine={mine}
      mineWord="on the canvas"
      mayEdit={mayEdit}
      onClose={onClose}
      onRestored={(restored) =>
        store.change((state) => ({ ...replaceWith(state, restored), saved: restored }))
      }
    />
  )
}
