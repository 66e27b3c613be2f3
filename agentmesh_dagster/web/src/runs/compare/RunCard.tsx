import { Link } from 'wouter'
import { addresses } from '../../app/addresses'
import { StatusChip } from '../../ui/StatusChip'
import { Duration, Time } from '../../ui/Time'
import { formatCount } from '../page/figures'
import type { Side } from './CompareRunsPage'

/** One of the runs: how it stands, and what it comes from. */
export function RunCard({ side: { run, steps, pinned }, word }: { side: Side; word: string }) {
  const { forkedFrom } = run
  const takenOver = steps.filter((step) => step.takenOverFrom !== undefined).length
  const edited = steps.filter((step) => step.editedBy !== undefined)
  const from = pinned.workflow.graph.nodes.find(({ id }) => id === forkedFrom?.nodeId)
  return (
    <section className="card stack" aria-label={`${word} run`}>
      <div className="row row-wrap">
        <Link href={addresses.run(run.id)} className="mono" title={run.id}>
          {run.id.slice(0, 8)}
        </Link>
        <StatusChip
          status={run.waitingOn.length > 0 ? 'waiting_human' : run.status}
          hasCaught={run.hasCaught}
        />
      </div>
      <div className="muted small run-facts">
        <span dir="auto">{pinned.workflow.name}</span>
        <span>revision {run.revision}</span>
        <span>
          Started <Time at={run.startedAt} />
        </span>
        <span>
          took <Duration from={run.startedAt} to={run.finishedAt} />
        </span>
        <span>{formatCount(steps.length, 'step')}</span>
      </div>
      {forkedFrom && (
        <p className="small">
          Forked from {forkedFrom.runId.slice(0, 8)} at{' '}
          <span dir="auto">{from?.label || forkedFrom.nodeId}</span>
          {forkedFrom.path && ` ${forkedFrom.path}`}: {formatCount(takenOver, 'step')} taken over
          {edited.length > 0 && `, ${edited.length} of them edited by ${edited[0]?.editedBy}`}.
        </p>
      )}
    </section>
  )
}
