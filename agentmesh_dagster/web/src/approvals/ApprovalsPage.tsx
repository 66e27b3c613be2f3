import { useEveryEntity } from '../api/catalogue'
import { useGates } from '../api/runs'
import { useSession } from '../api/session'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { FilterBar, SelectFilter } from '../ui/Filters'
import { Empty, Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { GateTable } from './GateTable'
import { sortGates } from './order'

const LOOK_EVERY_MS = 5_000

/** What waits for a person: mine first, then the oldest. */
export default function ApprovalsPage() {
  const [filters, change] = useFilters()
  const project = filters['project'] ?? ''
  const gates = useGates({ projectId: project, limit: 200 }, LOOK_EVERY_MS)
  const projects = useEveryEntity('projects').data ?? []
  const { data: session } = useSession()
  return (
    <Page title="Approvals">
      <FilterBar>
        <SelectFilter
          label="Project"
          all="All projects"
          value={project}
          options={projects.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ project: value })}
        />
      </FilterBar>
      <Loaded query={gates}>
        {({ pages }) => {
          const queues = sortGates(
            pages.flatMap((page) => page.items),
            session?.login ? session.name : undefined,
          )
          if (queues.length === 0)
            return <Nothing isFiltered={project !== ''} onAll={() => change({ project: '' })} />
          return (
            <>
              {queues.map((queue) => (
                <section key={queue.key} className="stack" aria-label={queue.title}>
                  {(queues.length > 1 || queue.key === 'mine') && (
                    <h2>
                      {queue.title} <span className="muted">{queue.gates.length}</span>
                    </h2>
                  )}
                  <GateTable label={queue.title} gates={queue.gates} />
                </section>
              ))}
              <ShowMore list={gates} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}

function Nothing({ isFiltered, onAll }: { isFiltered: boolean; onAll: () => void }) {
  const all = (
    <button type="button" className="button" onClick={onAll}>
      Show all projects
    </button>
  )
  return (
    <Empty title="Nothing waits for an answer" action={isFiltered && all}>
      A run that reaches an approval stops there, and is listed here until somebody answers.
    </Empty>
  )
}
