import { useState } from 'react'
import { Link } from 'wouter'
import { useOverview } from '../api/catalogue'
import { useMay } from '../api/session'
import type { ProjectOverview } from '../api/types'
import { addresses } from '../app/addresses'
import { Page } from '../app/Page'
import { Icon } from '../ui/icons'
import { Empty, Loaded } from '../ui/states'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'
import { CreateProjectDialog } from './CreateProjectDialog'

const LOOK_EVERY_MS = 10_000

const COLUMNS: readonly Column<ProjectOverview>[] = [
  {
    key: 'name',
    head: 'Name',
    cell: (project) => (
      <Link
        href={addresses.project(project.projectId)}
        className="table-name"
        dir="auto"
        title={project.name}
      >
        {project.name}
      </Link>
    ),
  },
  { key: 'workflows', head: 'Workflows', cell: (project) => project.workflows, width: '140', align: 'end' },
  {
    key: 'runs',
    head: 'Runs in 24 hours',
    cell: (project) => (
      <Link href={addresses.runs({ project: project.projectId })}>{project.runsLastDay}</Link>
    ),
    width: '170',
    align: 'end',
  },
  {
    key: 'waiting',
    head: 'Waiting',
    cell: ({ projectId, waiting }) =>
      waiting > 0 ? (
        <Link href={addresses.approvals({ project: projectId })} className="chip chip-waiting_human">
          <Icon name="person" size={13} />
          {waiting}
          <span className="visually-hidden"> waiting for a person</span>
        </Link>
      ) : (
        <span className="muted">0</span>
      ),
    width: '140',
    align: 'end',
  },
]

/** All projects, with what happens in them. */
export function ProjectsPage() {
  const overview = useOverview(LOOK_EVERY_MS)
  const mayEdit = useMay('edit')
  const [isCreating, setCreating] = useState(false)
  const create = mayEdit && (
    <button type="button" className="button button-primary" onClick={() => setCreating(true)}>
      <Icon name="plus" />
      New project
    </button>
  )
  return (
    <Page title="Projects" actions={create}>
      <Loaded query={overview} rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No projects yet" action={create}>
              A project holds workflows, and the agents and tools that they use. <code>agentmesh apply</code>{' '}
              brings in documents.
            </Empty>
          ) : (
            <Table label="Projects" columns={COLUMNS} rows={items} keyOf={(project) => project.projectId} />
          )
        }
      </Loaded>
      {isCreating && <CreateProjectDialog onClose={() => setCreating(false)} />}
    </Page>
  )
}
