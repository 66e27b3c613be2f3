import type { GateState, StepStatus } from '../api/types'
import { Icon, STATUS_ICONS } from './icons'
import type { IconName } from './icons'
import { statusWord } from './statusWords'
import type { ShownStatus } from './statusWords'
import './StatusChip.css'

/** The status of a run or a step: a word, a shape and a colour. `detail` stands behind the word: `2 of 5`. Of a run that
 *  `hasCaught` a fault even a success is none without a flaw. */
export function StatusChip({
  status,
  detail,
  hasCaught = false,
}: {
  status: ShownStatus
  detail?: string
  hasCaught?: boolean
}) {
  const look = hasCaught && status === 'succeeded' ? 'caught' : status
  return (
    <span className={`chip chip-${look}`}>
      <Icon name={STATUS_ICONS[look]} size={13} />
      {statusWord(status)}
      {look !== status && (
        <span className="chip-detail" title="A fault was caught">
          caught
        </span>
      )}
      {detail && <span className="chip-detail">{detail}</span>}
    </span>
  )
}

const GATES: Record<GateState, { word: string; icon: IconName; look: StepStatus }> = {
  open: { word: 'Open', icon: 'person', look: 'waiting_human' },
  answered: { word: 'Answered', icon: 'check', look: 'succeeded' },
  expired: { word: 'Expired', icon: 'clock', look: 'failed' },
  canceled: { word: 'Canceled', icon: 'ban', look: 'canceled' },
}

export function GateChip({ state }: { state: GateState }) {
  const { word, icon, look } = GATES[state]
  return (
    <span className={`chip chip-${look}`}>
      <Icon name={icon} size={13} />
      {word}
    </span>
  )
}
