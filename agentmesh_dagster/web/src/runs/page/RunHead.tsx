import { Link } from 'wouter'
import type { PinnedWorkflow, Run } from '../../api/types'
import { addresses } from '../../app/addresses'
import { AssetLink } from '../AssetLink'
import { addUsages } from '../live/foldStep'
import { describeAwaited } from '../live/awaited'
import type { RunStep } from '../live/runSteps'
import type { StreamStatus } from '../live/stream'
import { Icon, STATUS_ICONS } from '../../ui/icons'
import { shownStatus } from '../../ui/statusWords'
import { StatusChip } from '../../ui/StatusChip'
import { Duration, Time } from '../../ui/Time'
import { describePath, levelAt, titleIn } from './levels'
import type { Levels } from './levels'
import type { Selection } from './place'
import { formatCost, formatCount, formatTokens } from './figures'
import { RunActions } from './RunActions'

interface Props {
  run: Run
  pinned: PinnedWorkflow | undefined
  levels: Levels | undefined
  steps: readonly RunStep[]
  stream: StreamStatus
  error: unknown
  onGate: (step: Selection) => void
}

/** What ran, how far it is, what it took, and what can be done with it. */
export function RunHead({ run, pinned, levels, steps, stream, error, onGate }: Props) {
  const name = pinned?.workflow.name ?? run.workflowId
  const waiting = steps.filter(({ status }) => status === 'waiting_human' || status === 'waiting')
  const isParked = waiting.length > 0 && !steps.some(({ status }) => status === 'running')
  const parkedAs = waiting.some(({ status }) => status === 'waiting_human') ? 'waiting_human' : 'waiting'
  const canOnlyFail =
    !isEnded(run) && (run.hasFailed === true || steps.some((step) => shownStatus(step) === 'failed'))
  const usage = addUsages(steps.map((step) => step.usage))
  const titles = new Map(pinned?.workflow.graph.nodes.map((node) => [node.id, node.label || node.id]))
  return (
    <header className="run-head">
      <div className="grow">
        <nav className="page-trail" aria-label="Where this belongs">
          <Link href={addresses.runs()}>Runs</Link>
          <Link href={addresses.runs({ workflow: run.workflowId })} className="truncate" dir="auto">
            {name}
          </Link>
          <span className="muted mono" aria-current="page" title={run.id}>
            {run.id.slice(0, 8)}
          </span>
        </nav>
        <div className="row row-wrap">
          <h1 className="truncate" dir="auto" title={name}>
            {name}
          </h1>
          <span role="status">
            <StatusChip
              status={isParked ? parkedAs : run.status}
              detail={canOnlyFail ? 'can only fail' : undefined}
              hasCaught={run.hasCaught || steps.some((step) => shownStatus(step) !== step.status)}
            />
          </span>
          {waiting.slice(0, 2).map((step) => (
            <button
              key={step.stepId}
              type="button"
              className="button button-small run-gate"
              onClick={() => onGate({ nodeId: step.nodeId, path: step.path })}
            >
              <Icon name={STATUS_ICONS[step.status]} size={13} />
              <span className="truncate" dir="auto">
                {levels ? titleIn(levelAt(levels, step.path), step.nodeId) : step.nodeId}
                {levels && step.path !== '' && ` · ${describePath(levels, step.path)}`}
                {step.awaited && step.awaited.kind !== 'person' && ` · ${describeAwaited(step.awaited)}`}
              </span>
            </button>
          ))}
        </div>
        <div className="run-facts muted small">
          {run.startedAt ? (
            <>
              <span>
                Started <Time at={run.startedAt} />
              </span>
              <span>
                {run.finishedAt && 'took '}
                <Duration from={run.startedAt} to={run.finishedAt} />
                {!run.finishedAt && ' so far'}
              </span>
            </>
          ) : (
            <span>{unstartedWord(run)}</span>
          )}
          <span>{formatCount(steps.length, 'step')}</span>
          {usage && <span>{[formatTokens(usage), formatCost(usage)].filter(Boolean).join(' · ')}</span>}
          {run.asset && <AssetLink asset={run.asset} partition={run.partition} />}
          {run.backfillId && (
            <Link href={addresses.runs({ backfill: run.backfillId })}>backfill {run.backfillId}</Link>
          )}
          {run.parentRunId && (
            <Link href={addresses.run(run.parentRunId)} title={`Run ${run.parentRunId}`}>
              For a step of run {run.parentRunId.slice(0, 8)}
            </Link>
          )}
          <span title="A run never changes what it runs">revision {run.revision}</span>
          {run.forkedFrom && (
            <span>
              forked from{' '}
              <Link href={addresses.run(run.forkedFrom.runId)} className="mono">
                {run.forkedFrom.runId.slice(0, 8)}
              </Link>{' '}
              at {titles.get(run.forkedFrom.nodeId) ?? run.forkedFrom.nodeId} {run.forkedFrom.path}{' '}
              <Link href={addresses.compareRuns(run.forkedFrom.runId, run.id)}>Compare</Link>
            </span>
          )}
          {run.forks.length > 0 && <Forks run={run} />}
          <StreamState stream={stream} error={error} />
        </div>
      </div>
      <RunActions run={run} pinned={pinned} />
    </header>
  )
}

function unstartedWord(run: Run) {
  if (run.status !== 'pending') return 'Never started'
  if (!run.queuedAt) return 'Waiting for a worker'
  if (Date.parse(run.queuedAt) > Date.now())
    return (
      <>
        Begins <Time at={run.queuedAt} mayBeAhead />
      </>
    )
  return 'Waiting for a place among the open runs of its workflow'
}

const MOST_FORKS = 3

/** The runs that were forked from this one, the newest first. */
function Forks({ run }: { run: Run }) {
  const newest = run.forks.toReversed()
  return (
    <span>
      {formatCount(newest.length, 'fork')}:{' '}
      {newest.slice(0, MOST_FORKS).map((forkId) => (
        <Link key={forkId} href={addresses.compareRuns(run.id, forkId)} className="mono run-fork">
          {forkId.slice(0, 8)}
        </Link>
      ))}
      {newest.length > MOST_FORKS && `and ${newest.length - MOST_FORKS} more`}
    </span>
  )
}

function isEnded({ status }: Run): boolean {
  return status !== 'running' && status !== 'pending'
}

function StreamState({ stream, error }: { stream: StreamStatus; error: unknown }) {
  const isLost = stream === 'late' || error !== undefined
  if (stream === 'over' && !isLost) return null
  return (
    <span className={isLost ? 'run-stream run-stream-late' : 'run-stream'} role="status">
      {isLost ? 'Not live: the connection is being tried again' : stream === 'live' ? 'Live' : 'Connecting …'}
    </span>
  )
}
