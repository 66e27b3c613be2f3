import type { AskedRound, Gate, Json, PastAsking } from '../api/types'
import { Link } from 'wouter'
import { addresses } from '../app/addresses'
import { isObject } from '../schema/json'
import { Icon } from '../ui/icons'
import { JsonView } from '../ui/JsonView'
import { Time } from '../ui/Time'
import { listChanges } from './changes'
import { ChangeList } from './ChangeList'

/** A closed gate: who, when, what was said and what was changed. */
export function GateAnswered({ gate }: { gate: Gate }) {
  const { answer } = gate
  const verdict = readVerdict(gate)
  return (
    <section className="stack gate-answered" aria-label="The answer">
      <Verdict closed={gate} />
      {gate.takenOverFrom && (
        <p className="muted">
          Taken over from run{' '}
          <Link href={addresses.run(gate.takenOverFrom)}>{gate.takenOverFrom.slice(0, 8)}</Link>: nobody was
          asked here.
        </p>
      )}
      <Payload gate={gate} />
      {answer !== undefined && answer !== null && (
        <details open={verdict.isForm}>
          <summary>The whole answer</summary>
          <JsonView value={answer} label="The whole answer" />
        </details>
      )}
    </section>
  )
}

type Closed = Pick<Gate, 'state' | 'answer' | 'answeredBy' | 'answeredAt' | 'answeredVia'>

/** How a gate was closed: the verdict, by whom, when, and the comment. */
function Verdict({ closed }: { closed: Closed }) {
  const { state, answer, answeredBy, answeredAt, answeredVia } = closed
  const verdict = readVerdict(closed)
  const comment = isObject(answer) && typeof answer['comment'] === 'string' ? answer['comment'] : undefined
  return (
    <div className={`notice notice-${verdict.look}`}>
      <Icon name={verdict.look === 'good' ? 'check' : verdict.look === 'bad' ? 'cross' : 'info'} />
      <div className="grow">
        <strong>{verdict.word}</strong>
        {state === 'answered' && answeredBy && (
          <>
            {' by '}
            <bdi>{answeredBy}</bdi>
          </>
        )}
        {', '}
        <Time at={answeredAt} />
        {state === 'answered' && answeredVia && (
          <span className="muted">{VIA[answeredVia] ?? `, via ${answeredVia}`}</span>
        )}
        {comment && (
          <p className="gate-comment" dir="auto">
            {comment}
          </p>
        )}
      </div>
    </div>
  )
}

/** How the gate was closed each time that it was asked before: a failed run was continued, and asked again. */
export function GateHistory({ history }: { history: readonly PastAsking[] }) {
  if (history.length === 0) return null
  return (
    <section className="stack" aria-label="Asked before">
      <h2 className="gate-title">Asked before</h2>
      {history.map((past) => (
        <Verdict key={past.openedAt} closed={past} />
      ))}
    </section>
  )
}

/** How the same was asked and answered in the rounds before: the newest first, with what it was about. */
export function GateRounds({ rounds }: { rounds: readonly AskedRound[] }) {
  if (rounds.length === 0) return null
  return (
    <section className="stack" aria-label="Rounds before">
      <h2 className="gate-title">Rounds before</h2>
      {rounds.toReversed().map((past) => (
        <div key={past.stepId} className="stack" role="group" aria-label={`Round ${past.round}`}>
          <h3>Round {past.round}</h3>
          <Verdict closed={past} />
          {past.payload !== undefined && past.payload !== null && (
            <details>
              <summary>What was asked about</summary>
              <JsonView value={past.payload} label={`What was asked about in round ${past.round}`} />
            </details>
          )}
        </div>
      ))}
    </section>
  )
}

/** What was changed in the payload; where the answer brings none, the payload as it was shown. */
function Payload({ gate }: { gate: Gate }) {
  const answered = payloadIn(gate.answer)
  if (gate.payload === undefined) return null
  if (answered !== undefined) {
    return (
      <section className="stack" aria-label="What was changed">
        <h2 className="gate-title">What was changed</h2>
        <ChangeList changes={listChanges(gate.payload, answered)} />
      </section>
    )
  }
  return (
    <section className="stack" aria-label="What was asked about">
      <h2 className="gate-title">What was asked about</h2>
      <JsonView value={gate.payload} label="What was asked about" />
    </section>
  )
}

function payloadIn(answer: Json | undefined): Json | undefined {
  return isObject(answer) ? answer['payload'] : undefined
}

function readVerdict({ state, answer }: Pick<Gate, 'state' | 'answer'>): {
  word: string
  look: 'good' | 'bad' | 'warn'
  isForm: boolean
} {
  if (state === 'canceled') return { word: 'Canceled', look: 'warn', isForm: false }
  const approved = isObject(answer) ? answer['approved'] : undefined
  const isForm = approved === undefined
  const word = approved === true ? 'Approved' : approved === false ? 'Rejected' : undefined
  if (state === 'expired')
    return { word: `The deadline passed${word ? `: ${word.toLowerCase()}` : ''}`, look: 'warn', isForm }
  return { word: word ?? 'Answered', look: approved === false ? 'bad' : 'good', isForm }
}

const VIA: Readonly<Record<string, string>> = {
  session: ', in the web app',
  open: ', without login',
  token: ', with a token',
  cli: ', on the command line',
}
