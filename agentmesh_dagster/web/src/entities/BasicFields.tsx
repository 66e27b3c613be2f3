import { useEveryEntity } from '../api/catalogue'
import { Field } from '../ui/Field'
import { slug } from '../app/slug'

interface Basics {
  id: string
  name: string
  description?: string
  projectId: string
}

interface Props {
  entity: Basics
  isNew: boolean
  faultOf: (field: string) => string | undefined
  onChange: (fields: Partial<Basics>) => void
}

/** Name, id, description and project: what agents and tools have in common. */
export function BasicFields({ entity, isNew, faultOf, onChange }: Props) {
  const projects = useEveryEntity('projects').data ?? []
  return (
    <>
      <div className="detail-pair">
        <Field label="Name" isRequired fault={faultOf('name')}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              maxLength={255}
              value={entity.name}
              onChange={(event) => onChange({ name: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Id"
          hint={isNew ? 'Workflows and documents name it by this. It never changes.' : undefined}
          fault={faultOf('id')}
        >
          {(field) => (
            <input
              {...field}
              className="input mono"
              readOnly={!isNew}
              placeholder={slug(entity.name)}
              maxLength={255}
              value={entity.id}
              onChange={(event) => onChange({ id: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field label="Description" fault={faultOf('description')}>
        {(field) => (
          <textarea
            {...field}
            className="textarea"
            dir="auto"
            rows={2}
            value={entity.description ?? ''}
            onChange={(event) => onChange({ description: event.target.value || undefined })}
          />
        )}
      </Field>
      {isNew && (
        <Field label="Project" isRequired fault={faultOf('projectId')}>
          {(field) => (
            <select
              {...field}
              className="select"
              value={entity.projectId}
              onChange={(event) => onChange({ projectId: event.target.value })}
            >
              {!projects.some((project) => project.id === entity.projectId) && (
                <option value={entity.projectId}>{entity.projectId}</option>
              )}
              {projects.map((project) => (
                <option key={project.id} value={project.id}>
                  {project.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </>
  )
}
