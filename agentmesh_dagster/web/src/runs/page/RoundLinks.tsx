import { Icon, STATUS_ICONS } from '../../ui/icons'
import { shownStatus, statusWord } from '../../ui/statusWords'
import type { RunStep } from '../live/runSteps'
import { roundOf } from './rounds'

interface Props {
  step: RunStep
  /** The steps of the node in all rounds of the loop, in their order. */
  rounds: readonly RunStep[]
  onChoose: (step: RunStep) => void
}

const MOST = 12

/** The same node in the rounds before and after, each a button to its step. */
export function RoundLinks({ step, rounds, onChoose }: Props) {
  if (rounds.length < 2) return null
  const at = rounds.indexOf(step)
  const first = Math.max(0, Math.min(at - MOST / 2, rounds.length - MOST))
  const shown = rounds.slice(first, first + MOST)
  return (
    <nav className="row row-wrap round-links" aria-label="Rounds of this step">
      <span className="muted small">Rounds</span>
      {first > 0 && <span className="muted small">…</span>}
      {shown.map((one) => (
        <button
          key={one.stepId}
          type="button"
          className="button button-quiet button-small round-link"
          aria-current={one === step ? 'step' : undefined}
          aria-label={`Round ${roundOf(one.path)}, ${statusWord(shownStatus(one))}`}
          onClick={() => onChoose(one)}
        >
          {roundOf(one.path)}
          <span className={`timeline-status timeline-status-${shownStatus(one)}`}>
            <Icon name={STATUS_ICONS[shownStatus(one)]} size={12} />
          </span>
        </button>
      ))}
      {first + MOST < rounds.length && <span className="muted small">…</span>}
    </nav>
  )
}
