import { ReactFlowProvider } from '@xyflow/react'
import { useEffect, useState } from 'react'
import type { Workflow } from '../api/types'

import { keepPositions, readPositions } from '../graph/positions'
import { CatalogueContext, useFetchedCatalogue } from './catalogue'
import { beginEditing, sketchOf } from './state'
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
    let { positions } = sketchOf(store.get())
    return store.subscribe(() => {
      const sketch = sketchOf(store.get())
      if (sketch.positions === positions || store.get().base.revision === undefined) return
      positions = sketch.positions
      keepPositions(sketch.workflow.id, positions)
    })
  }, [store])
}
