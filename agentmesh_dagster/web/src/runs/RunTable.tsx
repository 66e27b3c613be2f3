import { useMemo } from 'react'
import { Link } from 'wouter'
import { useNameOf } from '../api/catalogue'
import { useGates } from '../api/runs'
import type { Run } from '../api/types'
import { addresses } from '../app/addresses'
import { readBeginning, summarize } from '../schema/json'
import { describeMade } from './AssetLink'
import { StatusChip } from '../ui/StatusChip'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'
import { Duration, Time } from '../ui/Time'

const LOOK_EVERY_MS = 5_000

interface Props {
  runs: readonly Run[]
  /** Ids of those that were picked, to be compared. */
  picked: ReadonlySet<string>
  onPick: (runId: string, isPicked: boolean) => void
}

/** Runs, newest first, with what they wait for. */
export function RunTable({ runs, picked, onPick }: Props) {
  const workflowName = useNameOf('workflows')
  const gateLabel = useGateLabels(runs.some((run) => run.waitingOn.length > 0))
  const columns: Column<Run>[] = [
    {
      key: 'status',
      head: 'Status',
      width: '170',
      cell: (run) => (
        <RunStatus run={run} asks={run.waitingOn.some((step) => gateLabel(step) !== undefined)} />
      ),
    },
    {
      key: 'workflow',
      head: 'Workflow',
      width: '230',
      cell: (run) => {
        const name = workflowName(run.workflowId)
        const link = (
          <Link
            href={addresses.run(run.id)}
            className="table-name"
            dir="auto"
            title={`${name}, run ${run.id}`}
          >
            {name}
          </Link>
        )
        if (!run.forkedFrom && !run.asset) return link
        return (
          <div>
            {link}
            {run.asset && (
              <span className="table-sub muted small truncate" dir="auto">
                {describeMade(run.asset, run.partition)}
              </span>
            )}
            {run.forkedFrom && (
              <span className="table-sub muted small">fork of {run.forkedFrom.runId.slice(0, 8)}</span>
            )}
          </div>
        )
      },
    },
    { key: 'start', head: 'Started', width: '130', cell: (run) => <Time at={run.startedAt} /> },
    {
      key: 'took',
      head: 'Duration',
      width: '110',
      cell: (run) => <Duration from={run.startedAt} to={run.finishedAt} />,
    },
    { key: 'input', head: 'Input', cell: (run) => <Summary run={run} /> },
    {
      key: 'waits',
      head: 'Waiting on',
      width: '210',
      cell: (run) => <WaitingOn run={run} gateLabel={gateLabel} />,
    },
    {
      key: 'pick',
      head: 'Compare',
      width: '92',
      cell: (run) => (
        <label className="field-check table-pick">
          <input
            type="checkbox"
            checked={picked.has(run.id)}
            aria-label={`Compare run ${run.id.slice(0, 8)}`}
            onChange={(event) => onPick(run.id, event.target.checked)}
          />
        </label>
      ),
    },
  ]
  return <Table label="Runs" columns={columns} rows={runs} keyOf={(run) => run.id} />
}

const SHOWN_WAITS = 3

/** The gates of a run by their names, each a link to it; what else it waits for is said on its page. */
function WaitingOn({ run, gateLabel }: { run: Run; gateLabel: (stepId: string) => string | undefined }) {
  const shown = run.waitingOn.slice(0, SHOWN_WAITS)
  const gates = shown.flatMap((stepId) => {
    const label = gateLabel(stepId)
    return label === undefined ? [] : [{ stepId, label }]
  })
  const others = run.waitingOn.length - gates.length
  return (
    <>
      {gates.map(({ stepId, label }) => (
        <Link key={stepId} href={addresses.approval(stepId)} className="table-sub truncate" dir="auto">
          {label}
        </Link>
      ))}
      {others > 0 && (
        <Link href={addresses.run(run.id)} className="table-sub truncate">
          {gates.length > 0 ? `and ${others} more` : others === 1 ? 'One step' : `${others} steps`}
        </Link>
      )}
    </>
  )
}

/** The status of a run in a list; of one that goes on although a step has failed, that it can only fail. `asks` tells a
 *  run that waits for a person from one that waits for anything else. */
export function RunStatus({ run, asks = true }: { run: Run; asks?: boolean }) {
  const isOn = run.status === 'running' || run.status === 'pending'
  return (
    <StatusChip
      status={run.waitingOn.length === 0 ? run.status : asks ? 'waiting_human' : 'waiting'}
      detail={isOn && run.hasFailed ? 'can only fail' : run.queuedAt ? 'for a place' : undefined}
      hasCaught={run.hasCaught}
    />
  )
}

function Summary({ run }: { run: Run }) {
  const cut = run.cut?.['input']
  const text = cut ? `${summarize(readBeginning(cut.preview) ?? cut.preview)} …` : summarize(run.input)
  return (
    <span className="table-sub truncate muted" dir="auto" title={text}>
      {text}
    </span>
  )
}

/** What a gate is called, by its step: only asked for where a run waits. */
function useGateLabels(isNeeded: boolean): (stepId: string) => string | undefined {
  const { data } = useGates({ limit: 200 }, isNeeded ? LOOK_EVERY_MS : false)
  return useMemo(() => {
    const labels = new Map(data?.pages.flatMap((page) => page.items).map((gate) => [gate.stepId, gate.label]))
    return (stepId) => labels.get(stepId)
  }, [data])
}
