import type { Workflow } from '../../api/types'
import { Icon } from '../../ui/icons'
import { askForName, changeWorkflow, workflowOf } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { AssetSection } from './asset/AssetSection'
import { BudgetField } from './BudgetField'
import { ConcurrencyField } from './ConcurrencyField'
import { DeleteWorkflow } from './DeleteWorkflow'
import { HookList } from './HookList'
import { InputSchemaField } from './InputSchemaField'
import { InspectorHead } from './InspectorHead'
import { OtherIssues } from './OtherIssues'
import { PlacedField } from './PlacedField'
import { TriggerHistory } from './TriggerHistory'
import { TriggerList } from './TriggerList'

/** The workflow itself: shown while nothing is selected. */
export function WorkflowInspector() {
  const store = useEditorStore()
  const workflow = useEditor(workflowOf)
  const isNew = useEditor((state) => state.saved.revision === undefined)
  const set = (fields: Partial<Workflow>) =>
    store.change((state) =>
      changeWorkflow(state, (before) => ({ ...before, ...fields }), `workflow ${Object.keys(fields).join()}`),
    )
  return (
    <div className="stack inspector-body">
      <InspectorHead icon={<Icon name="layout" size={18} />} title="Workflow">
        Select a node or an edge to edit it.
      </InspectorHead>
      <OtherIssues />
      <PlacedField place="name" label="Name" isRequired>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="auto"
            autoComplete="off"
            value={workflow.name}
            onChange={(event) => set({ name: event.target.value })}
            // Only of an empty one: what is told of a name shifts what stands below, under the click that left it.
            onBlur={() => workflow.name === '' && store.change(askForName)}
          />
        )}
      </PlacedField>
      <PlacedField place="description" label="Description">
        {(field) => (
          <textarea
            {...field}
            className="textarea"
            dir="auto"
            rows={3}
            value={workflow.description ?? ''}
            onChange={(event) => set({ description: event.target.value || undefined })}
          />
        )}
      </PlacedField>
      {isNew && (
        <PlacedField place="id" label="Id" hint="Made from the name unless given. It never changes.">
          {(field) => (
            <input
              {...field}
              className="input mono"
              autoComplete="off"
              spellCheck={false}
              value={workflow.id}
              onChange={(event) => set({ id: event.target.value.trim() })}
            />
          )}
        </PlacedField>
      )}
      <InputSchemaField />
      <TriggerList />
      <TriggerHistory />
      <HookList />
      <ConcurrencyField />
      <BudgetField />
      <AssetSection />
      {!isNew && <DeleteWorkflow />}
    </div>
  )
}
