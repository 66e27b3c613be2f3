import type { Call, ToolCall } from './conversation'
import { LargeView } from './LargeView'
import { ModelCallView } from './ModelCallView'
import { Icon } from '../../ui/icons'
import { JsonView } from '../../ui/JsonView'
import { formatDuration } from '../../ui/times'
import { Message } from '../../ui/Message'

interface Props {
  calls: readonly Call[]
  /** Whether an answer may still come. */
  isRunning: boolean
}

/** What was said to models and tools, and what came back, in order. */
export function CallList({ calls, isRunning }: Props) {
  if (calls.length === 0)
    return <p className="muted">{isRunning ? 'Nothing was called yet.' : 'Nothing was called.'}</p>
  const hasAttempts = new Set(calls.map(({ attempt }) => attempt)).size > 1
  return (
    <ol className="calls plain">
      {calls.map((call, at) => (
        <li key={call.id} className="call">
          {hasAttempts && calls[at - 1]?.attempt !== call.attempt && (
            <h3 className="call-attempt">Attempt {call.attempt}</h3>
          )}
          {call.kind === 'model' ? (
            <ModelCallView call={call} isRunning={isRunning && at === calls.length - 1} />
          ) : (
            <ToolCallView call={call} isRunning={isRunning} />
          )}
        </li>
      ))}
    </ol>
  )
}

function ToolCallView({ call, isRunning }: { call: ToolCall; isRunning: boolean }) {
  return (
    <details className="call-tool" open={call.error !== undefined}>
      <summary>
        <Icon name="tool" size={14} />
        <span className="truncate grow" dir="auto">
          {call.tool}
        </span>
        {call.seconds !== undefined && (
          <span className="muted small">{formatDuration(call.seconds * 1_000)}</span>
        )}
        <ToolState call={call} isRunning={isRunning} />
      </summary>
      <div className="stack call-inside">
        <h3>Arguments</h3>
        <LargeView value={call.input} large={call.largeInput} label={`Arguments of ${call.tool}`}>
          {(value) => <JsonView value={value} label={`Arguments of ${call.tool}`} />}
        </LargeView>
        {call.secrets.length > 0 && <p className="muted small">Secrets put in: {call.secrets.join(', ')}.</p>}
        {call.error !== undefined && (
          <p className="attempt-error" dir="auto">
            <Message text={call.error} />
          </p>
        )}
        {(call.output !== undefined || call.largeOutput) && (
          <>
            <h3>Result</h3>
            <LargeView value={call.output} large={call.largeOutput} label={`Result of ${call.tool}`}>
              {(value) => <JsonView value={value} label={`Result of ${call.tool}`} />}
            </LargeView>
          </>
        )}
      </div>
    </details>
  )
}

function ToolState({ call, isRunning }: { call: ToolCall; isRunning: boolean }) {
  if (call.error !== undefined) return <span className="call-bad small">Failed</span>
  if (call.isOver) return <span className="call-good small">Done</span>
  return <span className="muted small">{isRunning ? 'Running …' : 'No result'}</span>
}
