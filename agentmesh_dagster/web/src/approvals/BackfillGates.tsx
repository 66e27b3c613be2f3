import { useId, useState } from 'react'
import { Link } from 'wouter'
import { useAbout, useSession } from '../api/session'
import type { Gate, Session } from '../api/types'
import { addresses } from '../app/addresses'
import { backfillRuns } from '../app/dagster'
import { Icon } from '../ui/icons'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'
import { Time } from '../ui/Time'
import { whyNotPlainly } from './alike'
import type { Backfill } from './alike'
import './BackfillGates.css'
import { describeGate, excerptOf } from './GateTable'
import { whyNotAnswer } from './useMayAnswer'

interface Props {
  backfill: Backfill
  /** Whether answers are being sent just now. */
  isSending: boolean
  onAnswer: (gates: readonly Gate[], approved: boolean, comment: string) => void
}

/** The gates of one backfill: several are answered alike, each by an answer of its own. */
export function BackfillGates({ backfill, isSending, onAnswer }: Props) {
  const headingId = useId()
  const { data: session } = useSession()
  const { data: about } = useAbout()
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [comment, setComment] = useState('')
  const { gates, assets, id } = backfill
  const partitions = new Set(gates.map(({ runId }) => runId)).size
  const name = assets.join(', ') || 'Backfill'
  const open = gates.filter((gate) => whyNotPicked(gate, session) === undefined)
  const chosen = open.filter(({ stepId }) => picked.has(stepId))
  const pick = (stepId: string, isPicked: boolean) =>
    setPicked((before) => new Set([...before].filter((one) => one !== stepId).concat(isPicked ? stepId : [])))
  const send = (approved: boolean) => {
    onAnswer(chosen, approved, comment)
    setPicked(new Set())
    setComment('')
  }
  return (
    <section className="card stack backfill" aria-labelledby={headingId}>
      <div className="row row-wrap spread">
        <h2 id={headingId} dir="auto">
          {name} <span className="muted">· backfill {id}</span>
        </h2>
        <span className="row">
          <Link className="button button-small" href={addresses.runs({ backfill: id })}>
            {partitions === 1 ? '1 partition waits' : `${partitions} partitions wait`}
          </Link>
          {about && (
            <a
              className="button button-small"
              href={backfillRuns(about.dagsterUrl, id)}
              target="_blank"
              rel="noopener"
            >
              Open in Dagster
              <Icon name="outside" size={12} />
              <span className="visually-hidden">, opens in a new tab</span>
            </a>
          )}
        </span>
      </div>
      <Table
        label={`Approvals of ${name}, backfill ${id}`}
        columns={columnsOf({ picked, pick, session, isSending })}
        rows={gates}
        keyOf={(gate) => gate.stepId}
      />
      <div className="row row-wrap backfill-bar">
        <label className="field-check">
          <input
            type="checkbox"
            disabled={open.length === 0 || isSending}
            checked={open.length > 0 && chosen.length === open.length}
            onChange={(event) =>
              setPicked(new Set(event.target.checked ? open.map(({ stepId }) => stepId) : []))
            }
          />
          Select all
        </label>
        <input
          className="input grow"
          aria-label="Comment on each"
          placeholder="Comment"
          dir="auto"
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
        <button
          type="button"
          className="button button-primary"
          disabled={chosen.length === 0 || isSending}
          onClick={() => send(true)}
        >
          <Icon name="check" />
          Approve {chosen.length || ''}
        </button>
        <button
          type="button"
          className="button button-danger"
          disabled={chosen.length === 0 || isSending}
          onClick={() => send(false)}
        >
          <Icon name="cross" />
          Reject {chosen.length || ''}
        </button>
      </div>
    </section>
  )
}

/** Why a gate cannot be answered with the others; undefined: it can. */
function whyNotPicked(gate: Gate, session: Session | undefined): string | undefined {
  return whyNotAnswer(gate, session) ?? whyNotPlainly(gate, true, 'with a comment')
}

interface Picking {
  picked: ReadonlySet<string>
  pick: (stepId: string, isPicked: boolean) => void
  session: Session | undefined
  isSending: boolean
}

function columnsOf({ picked, pick, session, isSending }: Picking): Column<Gate>[] {
  return [
    {
      key: 'pick',
      head: 'Select',
      isHeadHidden: true,
      width: '52',
      cell: (gate) => {
        const reason = whyNotPicked(gate, session)
        return (
          <label className="field-check table-pick" title={reason}>
            <input
              type="checkbox"
              aria-label={`Select ${describeGate(gate)}`}
              disabled={reason !== undefined || isSending}
              checked={reason === undefined && picked.has(gate.stepId)}
              onChange={(event) => pick(gate.stepId, event.target.checked)}
            />
          </label>
        )
      },
    },
    {
      key: 'partition',
      head: 'Partition',
      width: '190',
      cell: (gate) => (
        <span className="table-sub truncate mono" dir="auto" title={gate.partition}>
          {gate.partition ?? ''}
        </span>
      ),
    },
    {
      key: 'what',
      head: 'Approval',
      cell: (gate) => (
        <>
          <Link href={addresses.approval(gate.stepId)} className="table-name" dir="auto" title={gate.label}>
            {gate.label}
          </Link>
          <span className="table-sub table-excerpt muted" dir="auto" title={gate.instructions}>
            {excerptOf(gate)}
          </span>
        </>
      ),
    },
    { key: 'since', head: 'Waiting since', width: '130', cell: (gate) => <Time at={gate.openedAt} /> },
    { key: 'due', head: 'Due', width: '120', cell: (gate) => <Time at={gate.deadline} mayBeAhead /> },
  ]
}
