import { useEveryEntity } from '../api/catalogue'
import { useGates } from '../api/runs'
import { useSession } from '../api/session'
import type { Gate } from '../api/types'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { FilterBar, SelectFilter } from '../ui/Filters'
import { Empty, Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { groupGates } from './alike'
import { BackfillGates } from './BackfillGates'
import { GateTable } from './GateTable'
import { Outcomes } from './Outcomes'
import { sortGates } from './order'
import { useAnswerAlike } from './useAnswerAlike'

const LOOK_EVERY_MS = 5_000

/** What waits for a person: mine first, then the oldest. */
export default function ApprovalsPage() {
  const [filters, change] = useFilters()
  const project = filters['project'] ?? ''
  const gates = useGates({ projectId: project, limit: 200 }, LOOK_EVERY_MS)
  const projects = useEveryEntity('projects').data ?? []
  const { data: session } = useSession()
  const alike = useAnswerAlike()
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
      <Outcomes outcomes={alike.outcomes} left={alike.left} onClose={alike.forget} />
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
                  <Queue
                    title={queue.title}
                    gates={queue.gates}
                    isSending={alike.left > 0}
                    onAnswer={(...answers) => void alike.answer(...answers)}
                  />
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

interface QueueProps {
  title: string
  gates: readonly Gate[]
  isSending: boolean
  onAnswer: (gates: readonly Gate[], approved: boolean, comment: string) => void
}

/** Those of a backfill together, then the others one by one. */
function Queue({ title, gates, isSending, onAnswer }: QueueProps) {
  const { backfills, others } = groupGates(gates)
  return (
    <>
      {backfills.map((backfill) => (
        <BackfillGates key={backfill.id} backfill={backfill} isSending={isSending} onAnswer={onAnswer} />
      ))}
      {others.length > 0 && <GateTable label={title} gates={others} />}
    </>
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
