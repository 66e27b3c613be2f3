import { useMemo } from 'react'
import { useEntity } from '../api/catalogue'
import { useMay } from '../api/session'
import type { Agent } from '../api/types'
import { addresses, NEW } from '../app/addresses'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { AgentFields } from '../catalogue/AgentFields'
import { BasicFields } from '../catalogue/BasicFields'
import '../catalogue/detail.css'
import { EntityActions } from '../catalogue/EntityActions'
import { Gone } from '../catalogue/Gone'
import { History } from '../catalogue/History'
import { ProjectTrail } from '../catalogue/ProjectTrail'
import { SaveFault } from '../catalogue/SaveFault'
import { TryAgent } from '../catalogue/TryAgent'
import { UnsavedEdits } from '../catalogue/UnsavedEdits'
import { UsedIn } from '../catalogue/UsedIn'
import { useEditing } from '../catalogue/useEditing'
import { providers } from '../types/types'

/** One agent, to edit and to try; or a new one. */
export function AgentPage({ id }: { id: string }) {
  const [{ project = 'default' }] = useFilters()
  const isNew = id === NEW
  const first = useMemo(() => firstAgent(project), [project])
  const query = useEntity('agents', isNew ? undefined : id)
  if (isNew) return <AgentEditor agent={first} isNew />
  if (query.data) return <AgentEditor agent={query.data} isNew={false} />
  return <Gone kind="agents" id={id} title="Agent" error={query.error} onRetry={query.refetch} />
}

/** With a model that answers at once, where there is one. */
function firstAgent(projectId: string): Agent {
  const provider = providers().find(({ firstModel }) => firstModel !== undefined) ?? providers()[0]
  return {
    id: '',
    name: '',
    projectId,
    modelProvider: provider?.name as Agent['modelProvider'],
    modelName: provider?.firstModel ?? '',
    systemPrompt: '',
    tools: [],
    metadata: {},
  }
}

function AgentEditor({ agent, isNew }: { agent: Agent; isNew: boolean }) {
  const editing = useEditing('agents', agent, isNew, addresses.agent)
  const { draft } = editing
  const mayEdit = useMay('edit')
  const home = addresses.project(draft.value.projectId)
  return (
    <Page
      title={isNew ? 'New agent' : draft.base.name}
      isHeadSticky
      trail={<ProjectTrail projectId={draft.value.projectId} />}
      actions={
        mayEdit && (
          <EntityActions
            kind="agents"
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
      {mayEdit && <UnsavedEdits unsaved={editing.unsaved} saved={agent} />}
      <SaveFault
        error={editing.error}
        isStale={editing.isStale}
        kind="agents"
        mine={draft.value}
        onTakeTheirs={editing.takeTheirs}
        onSaveOver={editing.saveOver}
      />
      <div className="detail">
        <fieldset className="card detail-form" disabled={!mayEdit} aria-label="Agent">
          <BasicFields entity={draft.value} isNew={isNew} faultOf={editing.faultOf} onChange={draft.change} />
          <AgentFields
            agent={draft.value}
            faultOf={editing.faultOf}
            onFault={editing.onFault}
            onChange={draft.change}
          />
        </fieldset>
        {!isNew && (
          <div className="detail-side">
            {mayEdit && <TryAgent id={agent.id} hasChanges={draft.hasChanges} />}
            <UsedIn kind="agents" id={agent.id} />
            <History kind="agents" id={agent.id} mine={draft.value} onRestored={editing.takeTheirs} />
          </div>
        )}
      </div>
    </Page>
  )
}
