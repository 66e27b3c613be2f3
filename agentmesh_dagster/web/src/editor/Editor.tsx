import { ReactFlowProvider } from '@xyflow/react'
import { useEffect, useState } from 'react'
import type { Workflow } from '../api/types'

import { keepPositions, readPositions } from '../graph/positions'
import { CatalogueContext, useFetchedCatalogue } from './catalogue'
import { beginEditing, draftOf } from './state'
import { createEditorStore } from './store'
import type { EditorStore } from './store'
import { EditorStoreContext } from './useEditor'
import { Workbench } from './Workbench'

interface Props {
  /** What editing begins with. */
  workflow: Workflow
  /** What the server has now, as far as it is known. */
  newest: Workflow
}

/** Everything that the editor of one workflow stands in. */
export function Editor({ workflow, newest }: Props) {
  const [store] = useState(() => createEditorStore(beginEditing(workflow, readPositions(workflow.id))))
  const catalogue = useFetchedCatalogue()
  useKeptPositions(store)
  return (
    <EditorStoreContext value={store}>
      <CatalogueContext value={catalogue}>
        <ReactFlowProvider>
          <Workbench newest={newest} />
        </ReactFlowProvider>
      </CatalogueContext>
    </EditorStoreContext>
  )
}

/** Documents hold no places: each browser keeps where its people have put the nodes of a saved workflow. */
function useKeptPositions(store: EditorStore): void {
  useEffect(() => {
    let { positions } = draftOf(store.get())
    return store.subscribe(() => {
      const draft = draftOf(store.get())
      if (draft.positions === positions || store.get().saved.revision === undefined) return
      positions = draft.positions
      keepPositions(draft.workflow.id, positions)
    })
  }, [store])
}
