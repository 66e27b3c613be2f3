import { useLocation } from 'wouter'
import { useCreate } from '../api/catalogue'
import { addresses } from '../app/addresses'
import { slug } from '../app/slug'
import { Dialog } from '../ui/Dialog'
import { ProjectForm, useProjectFields } from './ProjectForm'

export function CreateProjectDialog({ onClose }: { onClose: () => void }) {
  const { fields, setFields, typed, isComplete } = useProjectFields()
  const create = useCreate('projects')
  const [, navigate] = useLocation()
  const submit = () =>
    create.mutate(
      { id: slug(typed.name) || undefined, ...typed },
      { onSuccess: (project) => navigate(addresses.project(project.id)) },
    )
  return (
    <Dialog
      title="New project"
      size="small"
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form="new-project"
            className="button button-primary"
            disabled={!isComplete || create.isPending}
          >
            Create
          </button>
        </>
      }
    >
      <ProjectForm
        id="new-project"
        fields={fields}
        error={create.error}
        onChange={setFields}
        onSubmit={submit}
      />
    </Dialog>
  )
}
