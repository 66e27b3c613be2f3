import { describeAwaited } from '../live/awaited'
import type { Span } from '../live/foldStep'
import type { RunStep } from '../live/runSteps'
import { StatusChip } from '../../ui/StatusChip'
import { Duration, Time } from '../../ui/Time'
import { Message } from '../../ui/Message'

/** When a step was at work or waited, and what came of each attempt. */
export function AttemptList({ step }: { step: RunStep }) {
  if (step.spans.length === 0) return <p className="muted">It was never at work.</p>
  return (
    <ol className="attempts plain">
      {step.spans.map((span) => (
        <li key={`${span.kind} ${span.from}`} className="attempt">
          <div className="row row-wrap">
            <strong>{span.kind === 'wait' ? nameWait(span) : `Attempt ${span.attempt}`}</strong>
            <StatusChip status={chipOf(span)} />
          </div>
          <div className="muted small row row-wrap">
            <Time at={span.from} />
            <span aria-hidden="true">·</span>
            <Duration from={span.from} to={span.to} />
          </div>
          {span.error && (
            <p className="attempt-error" dir="auto">
              <Message text={span.error} />
            </p>
          )}
        </li>
      ))}
    </ol>
  )
}

function nameWait({ awaited }: Span): string {
  return awaited ? `Wait ${describeAwaited(awaited)}` : 'Wait'
}

function chipOf(span: Span) {
  if (span.outcome) return span.outcome
  if (span.kind === 'work') return 'running'
  return span.awaited?.kind === 'person' ? 'waiting_human' : 'waiting'
}
