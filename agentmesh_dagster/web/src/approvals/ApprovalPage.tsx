import { Link } from 'wouter'
import { useGate, useGates } from '../api/runs'
import { useSession } from '../api/session'
import type { Gate } from '../api/types'
import { addresses } from '../app/addresses'
import { Page } from '../app/Page'
import { Icon } from '../ui/icons'
import { Loaded } from '../ui/states'
import { GateCard } from './GateCard'
import { nextGate, sortGates } from './order'

const LOOK_EVERY_MS = 3_000

/** One gate: to be answered, or as it was. */
export default function ApprovalPage({ id }: { id: string }) {
  const query = useGate(id, LOOK_EVERY_MS)
  const gate = query.data
  return (
    <Page
      title={gate?.label ?? 'Approval'}
      trail={
        <>
          <Link href={addresses.approvals()}>Approvals</Link>
          {gate && (
            <Link href={addresses.workflow(gate.workflowId)} className="truncate" dir="auto">
              {gate.workflow}
            </Link>
          )}
        </>
      }
      actions={gate && <GateLinks gate={gate} />}
    >
      <Loaded query={query} rows={6}>
        {(loaded) => (
          <div className="card">
            <GateCard gate={loaded} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

/** To the run, and to what waits next. */
function GateLinks({ gate }: { gate: Gate }) {
  const { data: session } = useSession()
  const { data } = useGates({ limit: 200 }, LOOK_EVERY_MS)
  const queues = sortGates(data?.pages.flatMap((page) => page.items) ?? [], session?.name)
  const next = nextGate(queues, gate.stepId)
  return (
    <>
      <Link href={addresses.run(gate.runId)} className="button">
        See the run
      </Link>
      {next && (
        <Link
          href={addresses.approval(next.stepId)}
          className={gate.state === 'open' ? 'button' : 'button button-primary'}
        >
          Next
          <Icon name="chevron" size={14} />
          <span className="visually-hidden"> that waits: {next.label}</span>
        </Link>
      )}
    </>
  )
}
