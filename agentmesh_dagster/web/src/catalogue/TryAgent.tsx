import { useState } from 'react'
import { useTryAgent } from '../api/catalogue'
import type { AgentReply, Json } from '../api/types'
import { isObject } from '../schema/json'
import { Field } from '../ui/Field'
import { Icon } from '../ui/icons'
import { JsonView } from '../ui/JsonView'
import { Markdown } from '../ui/Markdown'
import { Fault } from '../ui/states'

/** One question to the agent as it is saved; nothing is stored. */
export function TryAgent({ id, hasChanges }: { id: string; hasChanges: boolean }) {
  const [prompt, setPrompt] = useState('')
  const trial = useTryAgent(id)
  return (
    <section className="card stack" aria-label="Test">
      <h2>Test</h2>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          trial.mutate({ prompt })
        }}
      >
        <Field
          label="Prompt"
          hint={hasChanges ? 'This asks the agent as it was saved.' : 'One call; nothing is stored.'}
        >
          {(field) => (
            <textarea
              {...field}
              className="textarea"
              dir="auto"
              rows={3}
              value={prompt}
              onChange={(event) => setPrompt(event.target.value)}
            />
          )}
        </Field>
        <div>
          <button type="submit" className="button" disabled={prompt.trim() === '' || trial.isPending}>
            <Icon name="play" />
            {trial.isPending ? 'Testing …' : 'Test'}
          </button>
        </div>
      </form>
      <div aria-live="polite" className="stack live">
        {trial.error && <Fault error={trial.error} />}
        {trial.data && <Reply reply={trial.data} />}
      </div>
    </section>
  )
}

function Reply({ reply }: { reply: AgentReply }) {
  const usage = reply.raw['usage']
  return (
    <>
      <Markdown text={reply.text} />
      {isObject(usage) && <p className="muted small">{formatUsage(usage)}</p>}
      <JsonView value={reply as Json} label="Reply" openLevels={1} />
    </>
  )
}

function formatUsage(usage: { [name: string]: Json }): string {
  const parts = [
    `${String(usage['inputTokens'] ?? '?')} tokens in`,
    `${String(usage['outputTokens'] ?? '?')} out`,
  ]
  if (typeof usage['costUsd'] === 'number') parts.push(`$${usage['costUsd'].toFixed(4)}`)
  return parts.join(' · ')
}
