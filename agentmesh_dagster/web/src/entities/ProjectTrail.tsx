import { Link } from 'wouter'
import { useNameOf } from '../api/catalogue'
import { addresses } from '../app/addresses'

/** The trail of something in a project. */
export function ProjectTrail({ projectId }: { projectId: string }) {
  const name = useNameOf('projects')(projectId)
  return (
    <>
      <Link href={addresses.projects}>Projects</Link>
      <Link href={addresses.project(projectId)} className="truncate" dir="auto">
        {name}
      </Link>
    </>
  )
}
