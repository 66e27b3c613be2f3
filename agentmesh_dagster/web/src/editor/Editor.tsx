import { ReactFlowProvider } from '@xyflow/react'
import { useState } from 'react'
import type { Workflow } from '../api/types'

import { CatalogueContext, useFetchedCatalogue } from './catalogue'
import { beginEditing } from './state'
import type { KeptDraft } from './state'
import { createEditorStore } from './store'
import { EditorStoreContext } from './useEditor'
import { Workbench } from './Workbench'

interface Props {
  /** What is published, or a new workflow as it is made. */
  workflow: Workflow
  /** The draft beside it. */
  stored?: KeptDraft
  /** What the server has now, as far as it is known. */
  newest: Workflow
}

/** Everything that the editor of one workflow stands in. */
export function Editor({ workflow, stored, newest }: Props) {
  const [store] = useState(() => createEditorStore(beginEditing(workflow, stored)))
  const catalogue = useFetchedCatalogue()
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
