import { useLocation } from 'wouter'
import { useDelete, useSave } from '../api/catalogue'
import type { Project } from '../api/types'
import { addresses } from '../app/addresses'
import { ProjectDialog } from './ProjectDialog'

export function EditProjectDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const save = useSave('projects')
  const remove = useDelete('projects')
  const [, navigate] = useLocation()
  return (
    <ProjectDialog
      title="Project"
      project={project}
      verb="Save"
      isPending={save.isPending}
      error={save.error ?? remove.error}
      onClose={onClose}
      onSubmit={(fields) =>
        save.mutate({ entity: { ...project, ...fields }, base: project }, { onSuccess: onClose })
      }
    >
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
    </ProjectDialog>
  )
}
