import type { Gate } from '../api/types'
import { AssetLink } from '../runs/AssetLink'
import { GateChip } from '../ui/StatusChip'
import { Time } from '../ui/Time'

/** Since when it waits, until when, and who is asked. */
export function GateFacts({ gate }: { gate: Gate }) {
  const { state, openedAt, deadline, assignees } = gate
  return (
    <div className="row row-wrap small muted gate-facts">
      <GateChip state={state} />
      {gate.asset && <AssetLink asset={gate.asset} partition={gate.partition} />}
      {gate.round !== undefined && <span>round {gate.round}</span>}
      {gate.itemIndex !== undefined && <span>item {gate.itemIndex + 1}</span>}
      <span>
        opened <Time at={openedAt} />
      </span>
      {deadline && state === 'open' && (
        <span className="gate-deadline">
          due <Time at={deadline} mayBeAhead />
        </span>
      )}
      <span dir="auto">
        {assignees.length > 0 ? `assigned to ${assignees.join(', ')}` : 'assigned to anyone'}
      </span>
    </div>
  )
}
