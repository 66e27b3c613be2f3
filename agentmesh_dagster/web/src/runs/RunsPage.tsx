import { useEveryEntity } from '../api/catalogue'
import { useRuns } from '../api/runs'
import type { RunStatus } from '../api/types'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { RunTable } from './RunTable'
import { CheckFilter, FilterBar, SelectFilter } from '../ui/Filters'
import { Empty, Loaded } from '../ui/states'
import { statusWord } from '../ui/statusWords'
import { ShowMore } from '../ui/Table'

const LOOK_EVERY_MS = 3_000
const STATUSES: readonly RunStatus[] = ['pending', 'running', 'succeeded', 'failed', 'canceled']

/** All runs, or those that fit the filters; live. */
export function RunsPage() {
  const [filters, change] = useFilters()
  const { project = '', workflow = '', status = '', waiting = '' } = filters
  const runs = useRuns({ projectId: project, workflowId: workflow, status, waiting }, LOOK_EVERY_MS)
  const projects = useEveryEntity('projects').data ?? []
  const workflows = useEveryEntity('workflows').data ?? []
  const inProject = workflows.filter((one) => project === '' || one.projectId === project)
  const isFiltered = Boolean(project || workflow || status || waiting)
  const clear = (
    <button type="button" className="button" onClick={() => change(NO_FILTERS)}>
      Show all runs
    </button>
  )
  return (
    <Page title="Runs">
      <FilterBar>
        <SelectFilter
          label="Project"
          all="All projects"
          value={project}
          options={projects.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ project: value, workflow: '' })}
        />
        <SelectFilter
          label="Workflow"
          all="All workflows"
          value={workflow}
          options={inProject.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ workflow: value })}
        />
        <SelectFilter
          label="Status"
          all="Any status"
          value={status}
          options={STATUSES.map((value) => ({ value, label: statusWord(value) }))}
          onChange={(value) => change({ status: value })}
        />
        <CheckFilter
          label="Waiting for a person"
          isOn={waiting === 'true'}
          onChange={(isOn) => change({ waiting: isOn ? 'true' : '' })}
        />
      </FilterBar>
      <Loaded query={runs}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          if (items.length === 0) {
            return isFiltered ? (
              <Empty title="No run fits" action={clear}>
                Other filters may show more.
              </Empty>
            ) : (
              <Empty title="No runs yet">
                Open a workflow and press Run. Runs of schedules and triggers are listed here too.
              </Empty>
            )
          }
          return (
            <>
              <RunTable runs={items} />
              <ShowMore list={runs} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}

const NO_FILTERS = { project: '', workflow: '', status: '', waiting: '' }
