import type { ReactNode } from 'react'
import { Icon } from '../../ui/icons'
import { statusWord } from '../../ui/statusWords'
import { readPath, writePath } from '../live/paths'
import { describeFrame, levelAt, titleIn } from './levels'
import type { Levels } from './levels'
import type { Turns } from './rounds'

interface Props {
  levels: Levels
  /** The sub-workflow that is shown; '' for none. */
  inside: string
  turns: readonly Turns[]
  onInside: (inside: string) => void
  /** Undefined shows the newest round. */
  onRound: (head: string, round: number | undefined) => void
}

/** Which graph of a run is shown, and which rounds of its loops. */
export function RunBar({ levels, inside, turns, onInside, onRound }: Props) {
  const played = turns.filter(({ rounds }) => rounds.length > 0)
  if (inside === '' && played.length === 0) return null
  const level = levelAt(levels, inside)
  return (
    <div className="run-bar row row-wrap">
      {inside !== '' && <Trail levels={levels} inside={inside} onInside={onInside} />}
      {played.map((turn) => (
        <RoundStepper
          key={turn.loop.head}
          turn={turn}
          title={titleIn(level, turn.loop.head)}
          onRound={(round) => onRound(turn.loop.head, round)}
        />
      ))}
    </div>
  )
}

/** The sub-workflows around what is shown, each a way back. */
function Trail({ levels, inside, onInside }: Pick<Props, 'levels' | 'inside' | 'onInside'>) {
  const frames = readPath(inside)
  const places: ReactNode[] = []
  let since = 0
  for (const [at, frame] of frames.entries()) {
    if (frame.kind !== 'call') continue
    const title = titleIn(levelAt(levels, writePath(frames.slice(0, at))), frame.nodeId)
    const where = frames.slice(since, at).flatMap((one) => (one.kind === 'call' ? [] : [describeFrame(one)]))
    const place = writePath(frames.slice(0, at + 1))
    since = at + 1
    const words = [title, ...where].join(' · ')
    places.push(
      at === frames.length - 1 ? (
        <span key={place} aria-current="page" className="run-bar-here truncate" dir="auto">
          {words}
        </span>
      ) : (
        <button
          key={place}
          type="button"
          className="button button-quiet button-small truncate"
          onClick={() => onInside(place)}
        >
          {words}
        </button>
      ),
    )
  }
  return (
    <nav className="run-trail row" aria-label="Sub-workflows">
      <button
        type="button"
        className="button button-quiet button-small truncate"
        onClick={() => onInside('')}
      >
        {levels.own.workflow.name}
      </button>
      {places.map((place, at) => (
        // A place keeps its depth.
        // oxlint-disable-next-line react/no-array-index-key
        <span key={at} className="row">
          <Icon name="chevron" size={12} />
          {place}
        </span>
      ))}
    </nav>
  )
}

interface StepperProps {
  turn: Turns
  title: string
  onRound: (round: number | undefined) => void
}

function RoundStepper({ turn: { rounds, chosen }, title, onRound }: StepperProps) {
  const shown = chosen ?? rounds.length
  return (
    <div className="run-stepper row" role="group" aria-label={`Rounds of ${title}`}>
      <span className="truncate run-stepper-title" dir="auto">
        {title}
      </span>
      <button
        type="button"
        className="button button-quiet button-small"
        aria-label="Previous round"
        title="Previous round"
        disabled={shown <= 1}
        onClick={() => onRound(shown - 1)}
      >
        <Icon name="back" size={14} />
      </button>
      <select
        className="select run-stepper-select"
        aria-label="Round"
        value={chosen ?? ''}
        onChange={({ target }) => onRound(target.value === '' ? undefined : Number(target.value))}
      >
        <option value="">Newest: round {rounds.length}</option>
        {rounds.map((status, at) => (
          // A round is its number.
          // oxlint-disable-next-line react/no-array-index-key
          <option key={at} value={at + 1}>
            Round {at + 1} of {rounds.length}
            {status && `: ${statusWord(status).toLowerCase()}`}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button button-quiet button-small"
        aria-label="Next round"
        title="Next round"
        disabled={shown >= rounds.length}
        onClick={() => onRound(shown + 1)}
      >
        <Icon name="chevron" size={14} />
      </button>
    </div>
  )
}
