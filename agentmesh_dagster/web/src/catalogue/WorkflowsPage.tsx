import { Link } from 'wouter'
import { useEntities, useEveryEntity } from '../api/catalogue'
import { useMay } from '../api/session'
import { addresses } from '../app/addresses'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { DraftList } from './DraftList'
import { ReadFaults } from './ReadFaults'
import { WorkflowTable } from './WorkflowTable'
import { FilterBar, SelectFilter } from '../ui/Filters'
import { Icon } from '../ui/icons'
import { Empty, Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'

/** All workflows, or those of one project. */
export function WorkflowsPage() {
  const [filters, change] = useFilters()
  const project = filters['project'] ?? ''
  const workflows = useEntities('workflows', { projectId: project })
  const projects = useEveryEntity('projects').data ?? []
  const mayEdit = useMay('edit')
  const home = project || projects[0]?.id
  const create = mayEdit && home && (
    <Link href={addresses.newWorkflow(home)} className="button button-primary">
      <Icon name="plus" />
      New workflow
    </Link>
  )
  return (
    <Page title="Workflows" actions={create}>
      <FilterBar>
        <SelectFilter
          label="Project"
          all="All projects"
          value={project}
          options={projects.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ project: value })}
        />
      </FilterBar>
      <Loaded query={workflows}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          return (
            <>
              <ReadFaults pages={pages} />
              {items.length === 0 ? (
                <Empty title="No workflows yet" action={create}>
                  A workflow is a graph of agents, tools, branches and approvals. Draw one here, or apply a
                  document with <code>agentmesh apply</code>.
                </Empty>
              ) : (
                <WorkflowTable workflows={items} projectId={project || undefined} />
              )}
              <ShowMore list={workflows} />
              <DraftList kind="workflow" projectId={project || undefined} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}
