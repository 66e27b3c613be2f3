import { useMemo } from 'react'
import { useEntity } from '../api/catalogue'
import { useMay } from '../api/session'
import type { Tool } from '../api/types'
import { addresses, NEW } from '../app/addresses'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { BasicFields } from '../catalogue/BasicFields'
import '../catalogue/detail.css'
import { EntityActions } from '../catalogue/EntityActions'
import { Gone } from '../catalogue/Gone'
import { History } from '../catalogue/History'
import { ProjectTrail } from '../catalogue/ProjectTrail'
import { SaveFault } from '../catalogue/SaveFault'
import { ToolFields } from '../catalogue/ToolFields'
import { TryTool } from '../catalogue/TryTool'
import { UnsavedEdits } from '../catalogue/UnsavedEdits'
import { UsedIn } from '../catalogue/UsedIn'
import { useEditing } from '../catalogue/useEditing'
import { toolTypes } from '../types/types'

/** One tool, to edit and to try; or a new one. */
export function ToolPage({ id }: { id: string }) {
  const [{ project = 'default' }] = useFilters()
  const isNew = id === NEW
  const first = useMemo(() => firstTool(project), [project])
  const query = useEntity('tools', isNew ? undefined : id)
  if (isNew) return <ToolEditor tool={first} isNew />
  if (query.data) return <ToolEditor tool={query.data} isNew={false} />
  return <Gone kind="tools" id={id} title="Tool" error={query.error} onRetry={query.refetch} />
}

function firstTool(projectId: string): Tool {
  const [first] = toolTypes()
  return {
    id: '',
    name: '',
    projectId,
    type: first?.type as Tool['type'],
    config: {},
    inputSchema: {},
    outputSchema: {},
  }
}

function ToolEditor({ tool, isNew }: { tool: Tool; isNew: boolean }) {
  const editing = useEditing('tools', tool, isNew, addresses.tool)
  const { draft } = editing
  const mayEdit = useMay('edit')
  const home = addresses.project(draft.value.projectId)
  return (
    <Page
      title={isNew ? 'New tool' : draft.base.name}
      isHeadSticky
      trail={<ProjectTrail projectId={draft.value.projectId} />}
      actions={
        mayEdit && (
          <EntityActions
            kind="tools"
            id={draft.base.id}
            name={draft.base.name}
            isNew={isNew}
            hasChanges={draft.hasChanges}
            canSave={editing.canSave}
            isBusy={editing.isBusy}
            onDiscard={editing.discard}
            onSave={editing.submit}
            home={home}
          />
        )
      }
    >
      {mayEdit && <UnsavedEdits unsaved={editing.unsaved} saved={tool} />}
      <SaveFault
        error={editing.error}
        isStale={editing.isStale}
        kind="tools"
        mine={draft.value}
        onTakeTheirs={editing.takeTheirs}
        onSaveOver={editing.saveOver}
      />
      <div className="detail">
        <fieldset className="card detail-form" disabled={!mayEdit} aria-label="Tool">
          <BasicFields entity={draft.value} isNew={isNew} faultOf={editing.faultOf} onChange={draft.change} />
          <ToolFields
            tool={draft.value}
            faultOf={editing.faultOf}
            onFault={editing.onFault}
            onChange={draft.change}
          />
        </fieldset>
        {!isNew && (
          <div className="detail-side">
            {mayEdit && (
              <TryTool
                key={JSON.stringify(draft.base.inputSchema)}
                tool={draft.base}
                hasChanges={draft.hasChanges}
              />
            )}
            <UsedIn kind="tools" id={tool.id} />
            <History kind="tools" id={tool.id} mine={draft.value} onRestored={editing.takeTheirs} />
          </div>
        )}
      </div>
    </Page>
  )
}
