import type { Problem } from '../api/problem'
import type { Gate } from '../api/types'
import { Icon } from '../ui/icons'
import { Time } from '../ui/Time'

interface Props {
  gate: Gate
  /** The server's refusal, which may be newer than the gate. */
  conflict: Problem | undefined
  hasTyped: boolean
}

/** Says that this card was overtaken: by whom, when, and what became of what was typed. */
export function StaleNotice({ gate, conflict, hasTyped }: Props) {
  const state = gate.state === 'open' ? asText(conflict?.body['state']) : gate.state
  const by = gate.answeredBy ?? asText(conflict?.body['answeredBy'])
  const at = gate.answeredAt ?? asText(conflict?.body['answeredAt'])
  return (
    <div className="notice notice-warn" role="alert">
      <Icon name="warning" />
      {hasTyped ? (
        <div>
          <strong>
            {STATES[state ?? ''] ?? 'This was closed'}
            {by && state === 'answered' && ` by ${by}`}
          </strong>{' '}
          {at && <Time at={at} />}
          {', while you had it open. Yours was not sent; what you typed stays here.'}
        </div>
      ) : (
        'This was closed while you had it open: there is nothing left to answer.'
      )}
    </div>
  )
}

const STATES: Readonly<Record<string, string>> = {
  answered: 'Answered',
  expired: 'The deadline passed',
  canceled: 'The run was canceled',
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
