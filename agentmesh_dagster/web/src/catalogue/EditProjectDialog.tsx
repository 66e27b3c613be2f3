import { useLocation } from 'wouter'
import { useDelete, useSave } from '../api/catalogue'
import type { Project } from '../api/types'
import { addresses } from '../app/addresses'
import { Dialog } from '../ui/Dialog'
import { ProjectForm, useProjectFields } from './ProjectForm'

export function EditProjectDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const { fields, setFields, typed, isComplete } = useProjectFields(project)
  const save = useSave('projects')
  const remove = useDelete('projects')
  const [, navigate] = useLocation()
  return (
    <Dialog
      title="Project"
      size="small"
      onClose={onClose}
      actions={
        <>
          <button
            type="button"
            className="button button-danger"
            disabled={remove.isPending}
            title="Only a project without workflows, agents and tools can be deleted."
            onClick={() => remove.mutate(project.id, { onSuccess: () => navigate(addresses.projects) })}
          >
            Delete
          </button>
          <span className="grow" />
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form="edit-project"
            className="button button-primary"
            disabled={!isComplete || save.isPending}
          >
            Save
          </button>
        </>
      }
    >
      <ProjectForm
        id="edit-project"
        fields={fields}
        error={save.error ?? remove.error}
        onChange={setFields}
        onSubmit={() =>
          save.mutate({ entity: { ...project, ...typed }, base: project }, { onSuccess: onClose })
        }
      />
    </Dialog>
  )
}
