import { Link } from 'wouter'
import type { Gate } from '../api/types'
import { addresses } from '../app/addresses'
import { describeMade } from '../runs/AssetLink'
import { summarize } from '../schema/json'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'
import { Time } from '../ui/Time'

const COLUMNS: readonly Column<Gate>[] = [
  {
    key: 'what',
    head: 'Approval',
    cell: (gate) => (
      <>
        <Link href={addresses.approval(gate.stepId)} className="table-name" dir="auto" title={gate.label}>
          {[gate.label, ...placeOf(gate)].join(' · ')}
        </Link>
        <span className="table-sub table-excerpt muted" dir="auto" title={gate.instructions}>
          {excerptOf(gate)}
        </span>
      </>
    ),
  },
  {
    key: 'workflow',
    head: 'Workflow',
    width: '220',
    cell: (gate) => (
      <>
        <Link
          href={addresses.run(gate.runId)}
          className="table-sub truncate"
          dir="auto"
          title={`${gate.workflow}: see the run`}
        >
          {gate.workflow}
        </Link>
        {gate.asset && (
          <span className="table-sub muted small truncate" dir="auto">
            {describeMade(gate.asset, gate.partition)}
          </span>
        )}
      </>
    ),
  },
  {
    key: 'who',
    head: 'Assigned to',
    width: '180',
    cell: (gate) => (
      <span className="table-sub truncate" dir="auto" title={gate.assignees.join(', ')}>
        {gate.assignees.join(', ') || 'Anyone'}
      </span>
    ),
  },
  { key: 'since', head: 'Waiting since', width: '130', cell: (gate) => <Time at={gate.openedAt} /> },
  { key: 'due', head: 'Due', width: '120', cell: (gate) => <Time at={gate.deadline} mayBeAhead /> },
]

/** Gates, one a line. */
export function GateTable({ label, gates }: { label: string; gates: readonly Gate[] }) {
  return <Table label={label} columns={COLUMNS} rows={gates} keyOf={(gate) => gate.stepId} />
}

/** A gate in a line: `2026-11-01, Is it good?` */
export function describeGate(gate: Gate): string {
  return [gate.partition, gate.label, ...placeOf(gate)].filter((part) => part !== undefined).join(', ')
}

function placeOf({ round, itemIndex }: Gate): string[] {
  return [
    ...(round === undefined ? [] : [`round ${round}`]),
    ...(itemIndex === undefined ? [] : [`item ${itemIndex + 1}`]),
  ]
}

/** How what is asked begins, on one line; without instructions it is the payload. */
export function excerptOf({ instructions, payload }: Gate): string {
  const text = instructions || (payload === undefined ? '' : summarize(payload))
  return text.replace(/\s+/g, ' ').slice(0, 300)
}
