import { useLocation } from 'wouter'
import { useCreate } from '../api/catalogue'
import { addresses } from '../app/addresses'
import { slug } from '../app/slug'
import { ProjectDialog } from './ProjectDialog'

export function CreateProjectDialog({ onClose }: { onClose: () => void }) {
  const create = useCreate('projects')
  const [, navigate] = useLocation()
  return (
    <ProjectDialog
      title="New project"
      verb="Create"
      isPending={create.isPending}
      error={create.error}
      onClose={onClose}
      onSubmit={(fields) =>
        create.mutate(
          { id: slug(fields.name) || undefined, ...fields },
          { onSuccess: (project) => navigate(addresses.project(project.id)) },
        )
      }
    />
  )
}
