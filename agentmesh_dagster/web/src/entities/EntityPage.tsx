import { useMemo } from 'react'
import type { ComponentType } from 'react'
import { useEntity } from '../api/catalogue'
import type { EntityOf } from '../api/catalogue'
import { useMay } from '../api/session'
import { addresses, NEW } from '../app/addresses'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { BasicFields } from './BasicFields'
import './detail.css'
import { EntityActions } from './EntityActions'
import { Gone } from './Gone'
import { History } from './History'
import { ProjectTrail } from './ProjectTrail'
import { SaveFault } from './SaveFault'
import { UnsavedEdits } from './UnsavedEdits'
import { UsedIn } from './UsedIn'
import { useEditing } from './useEditing'

export interface FieldsProps<Entity> {
  entity: Entity
  faultOf: (field: string) => string | undefined
  onFault: (field: string) => (hasFault: boolean) => void
  onChange: (fields: Partial<Entity>) => void
}

export interface TrialProps<Entity> {
  /** As it is saved. */
  entity: Entity
  hasChanges: boolean
}

type Kind = 'agents' | 'tools'

/** What differs from kind to kind. */
export interface EntityKind<K extends Kind> {
  kind: K
  title: string
  titleOfNew: string
  addressOf: (id: string) => string
  /** What a new one begins with. */
  first: (projectId: string) => EntityOf[K]
  Fields: ComponentType<FieldsProps<EntityOf[K]>>
  Trial: ComponentType<TrialProps<EntityOf[K]>>
}

/** One agent or tool, to edit and to try; or a new one. */
export function EntityPage<K extends Kind>({ id, of }: { id: string; of: EntityKind<K> }) {
  const [{ project = 'default' }] = useFilters()
  const isNew = id === NEW
  const first = useMemo(() => of.first(project), [of, project])
  const query = useEntity(of.kind, isNew ? undefined : id)
  if (isNew) return <EntityEditor entity={first} of={of} isNew />
  if (query.data) return <EntityEditor entity={query.data} of={of} isNew={false} />
  return <Gone kind={of.kind} id={id} title={of.title} error={query.error} onRetry={query.refetch} />
}

interface EditorProps<K extends Kind> {
  entity: EntityOf[K]
  of: EntityKind<K>
  isNew: boolean
}

function EntityEditor<K extends Kind>({ entity, of, isNew }: EditorProps<K>) {
  const { kind, title, titleOfNew, addressOf, Fields, Trial } = of
  const editing = useEditing(kind, entity, isNew, addressOf)
  const { draft } = editing
  const mayEdit = useMay('edit')
  return (
    <Page
      title={isNew ? titleOfNew : draft.base.name}
      isHeadSticky
      trail={<ProjectTrail projectId={draft.value.projectId} />}
      actions={
        mayEdit && (
          <EntityActions
            kind={kind}
            id={draft.base.id}
            name={draft.base.name}
            isNew={isNew}
            hasChanges={draft.hasChanges}
            canSave={editing.canSave}
            isBusy={editing.isBusy}
            onDiscard={editing.discard}
            onSave={editing.submit}
            home={addresses.project(draft.value.projectId)}
          />
        )
      }
    >
      {mayEdit && <UnsavedEdits unsaved={editing.unsaved} saved={entity} />}
      <SaveFault
        error={editing.error}
        isStale={editing.isStale}
        kind={kind}
        mine={draft.value}
        onTakeTheirs={editing.takeTheirs}
        onSaveOver={editing.saveOver}
      />
      <div className="detail">
        <fieldset className="card detail-form" disabled={!mayEdit} aria-label={title}>
          <BasicFields
            entity={draft.value}
            isNew={isNew}
            faultOf={editing.faultOf}
            onChange={(fields) => draft.change(fields as Partial<EntityOf[K]>)}
          />
          <Fields
            entity={draft.value}
            faultOf={editing.faultOf}
            onFault={editing.onFault}
            onChange={draft.change}
          />
        </fieldset>
        {!isNew && (
          <div className="detail-side">
            {mayEdit && <Trial entity={draft.base} hasChanges={draft.hasChanges} />}
            <UsedIn kind={kind} id={entity.id} />
            <History kind={kind} id={entity.id} mine={draft.value} onRestored={editing.takeTheirs} />
          </div>
        )}
      </div>
    </Page>
  )
}
