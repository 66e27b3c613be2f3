import { useRef } from 'react'
import type { Json } from '../../api/types'
import type { RunStep } from '../live/runSteps'
import { summarize } from '../../schema/json'
import { Icon, STATUS_ICONS } from '../../ui/icons'
import { statusWord } from '../../ui/statusWords'
import { Duration } from '../../ui/Time'
import { useWindow } from './useWindow'

interface Props {
  steps: readonly RunStep[]
  /** The values of the items, where they are known. */
  items: readonly Json[]
  onChoose: (step: RunStep) => void
}

const ROW_HEIGHT = 36

/** The items of one node inside an `each`, each a button to its step. */
export function ItemList({ steps, items, onChoose }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const { first, end } = useWindow(scroller, steps.length, ROW_HEIGHT)
  const sorted = steps.toSorted((one, other) => (one.item ?? 0) - (other.item ?? 0))
  return (
    <div className="items card" ref={scroller} tabIndex={-1}>
      <ul
        className="plain"
        aria-label="Items"
        style={{ height: steps.length * ROW_HEIGHT, paddingTop: first * ROW_HEIGHT }}
      >
        {sorted.slice(first, end).map((step) => (
          <li key={step.stepId}>
            <button type="button" className="items-row" onClick={() => onChoose(step)}>
              <span className={`timeline-status timeline-status-${step.status}`}>
                <Icon name={STATUS_ICONS[step.status]} size={14} />
              </span>
              <span>Item {(step.item ?? 0) + 1}</span>
              <span className="grow truncate muted small" dir="auto">
                {summarize(items[step.item ?? -1], 80)}
              </span>
              <span className="muted small">{statusWord(step.status)}</span>
              <span className="muted small items-took">
                <Duration from={step.startedAt} to={step.finishedAt} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
