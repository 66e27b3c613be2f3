import { Link } from 'wouter'
import { addresses } from '../app/addresses'
import { Icon } from '../ui/icons'
import { Message } from '../ui/Message'
import { summarizeOutcomes } from './alike'
import type { Outcome } from './alike'
import { describeGate } from './GateTable'

interface Props {
  outcomes: readonly Outcome[]
  /** How many answers are still to be sent. */
  left: number
  onClose: () => void
}

/** What became of answers that were given alike: those that were not taken one by one, with the reason. */
export function Outcomes({ outcomes, left, onClose }: Props) {
  if (outcomes.length === 0 && left === 0) return null
  const refused = outcomes.filter(({ fault }) => fault !== undefined)
  return (
    <div className={refused.length > 0 ? 'notice notice-warn' : 'notice'} role="status">
      <Icon name={refused.length > 0 ? 'warning' : 'check'} />
      <div className="stack grow">
        <span>
          {summarizeOutcomes(outcomes)}
          {left > 0 && ` · ${left} to go …`}
        </span>
        {outcomes.length > 0 && (
          <ul className="plain stack small" aria-label="Each answer">
            {outcomes.map(({ gate, approved, fault }) => (
              <li key={gate.stepId}>
                <Link href={addresses.approval(gate.stepId)}>{describeGate(gate)}</Link>:{' '}
                {fault === undefined ? approved ? 'approved' : 'rejected' : <Message text={fault} />}
              </li>
            ))}
          </ul>
        )}
      </div>
      {left === 0 && (
        <button type="button" className="button button-quiet button-small" onClick={onClose}>
          Close
        </button>
      )}
    </div>
  )
}
