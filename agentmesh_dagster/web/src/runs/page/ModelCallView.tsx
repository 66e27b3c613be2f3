import { CopyButton } from '../../ui/CopyButton'
import { Icon } from '../../ui/icons'
import { JsonView } from '../../ui/JsonView'
import { formatDuration } from '../../ui/times'
import { readJson } from '../../schema/json'
import { readMessages } from './conversation'
import type { Message, ModelCall, Reply } from './conversation'
import { LargeView } from './LargeView'
import { formatCost, formatCount, formatTokens } from './figures'

/** One call of a model: what it was told, and its reply. */
export function ModelCallView({ call, isRunning }: { call: ModelCall; isRunning: boolean }) {
  const { reply } = call
  return (
    <section className="call-model" aria-label={`Call of ${call.model}`}>
      <div className="call-head">
        <Icon name="agent" size={14} />
        <strong className="truncate" title={call.model}>
          {call.model}
        </strong>
        <span className="muted small grow">
          {call.provider}
          {call.temperature !== undefined && `, temperature ${call.temperature}`}
        </span>
        {reply?.seconds !== undefined && (
          <span className="muted small">{formatDuration(reply.seconds * 1_000)}</span>
        )}
      </div>
      {call.tools.length > 0 && <p className="muted small">May call {call.tools.join(', ')}.</p>}
      <LargeView value={null} large={call.largeMessages} label="Messages">
        {(value) =>
          (call.largeMessages ? readMessages(value) : call.messages).map((message, at) => (
            <MessageView key={at} message={message} />
          ))
        }
      </LargeView>
      {reply === undefined ? (
        <p className="muted">{isRunning ? 'Waiting for the reply …' : 'No reply came.'}</p>
      ) : (
        <>
          <LargeView value={reply.text} large={reply.largeText} label="Reply">
            {(text) => <ReplyView reply={{ ...reply, text: String(text) }} model={call.model} />}
          </LargeView>
          <p className="muted small">
            {[
              formatTokens(reply.usage),
              formatCost(reply.usage),
              reply.stopReason && `stopped: ${reply.stopReason}`,
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
        </>
      )}
    </section>
  )
}

const ROLES: Readonly<Record<string, string>> = { system: 'System prompt', user: 'Prompt' }

/** What the model was told; a system prompt is closed, since it is the same each time. */
function MessageView({ message: { role, text } }: { message: Message }) {
  const title = ROLES[role] ?? role
  return (
    <details className="call-message" open={role !== 'system'}>
      <summary>
        <span className="grow">{title}</span>
      </summary>
      <p className="call-text" dir="auto">
        {text}
      </p>
    </details>
  )
}

function ReplyView({ reply, model }: { reply: Reply; model: string }) {
  const read = readJson(reply.text)
  const isJson = 'value' in read && typeof read.value === 'object'
  return (
    <div className="call-reply">
      <div className="row spread">
        <h3>Reply</h3>
        {!isJson && reply.text !== '' && (
          <CopyButton text={() => reply.text} what={`the reply of ${model}`} />
        )}
      </div>
      {isJson ? (
        <JsonView value={read.value} label={`Reply of ${model}`} />
      ) : (
        reply.text !== '' && (
          <p className="call-text" dir="auto">
            {reply.text}
          </p>
        )
      )}
      {reply.toolCalls !== 0 && (
        <p className="muted small">
          Wants {reply.toolCalls ? formatCount(reply.toolCalls, 'tool call') : 'tool calls'}.
        </p>
      )}
      {reply.text === '' && reply.toolCalls === 0 && <p className="muted">An empty text.</p>}
    </div>
  )
}
