import { changeWorkflow, workflowOf } from '../state'
import { THE_WORKFLOW } from '../issuesOf'
import { useEditor, useEditorStore } from '../useEditor'
import { SubjectContext } from './PlacedField'
import { SchemaField } from './SchemaField'

/** What a run of the workflow is given: shown where it comes in, and where the workflow itself is. */
export function InputSchemaField() {
  const store = useEditorStore()
  const schema = useEditor((state) => workflowOf(state).inputSchema)
  return (
    <SubjectContext value={THE_WORKFLOW}>
      <SchemaField
        place="inputSchema"
        label="Input schema"
        hint="The run dialog, Dagster’s launchpad and context.input have these fields."
        schema={schema}
        onChange={(next) =>
          store.change((state) =>
            changeWorkflow(state, (workflow) => ({ ...workflow, inputSchema: next }), 'inputSchema'),
          )
        }
      />
    </SubjectContext>
  )
}
