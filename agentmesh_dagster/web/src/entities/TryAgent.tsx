import { useState } from 'react'
import { useTryAgent } from '../api/catalogue'
import type { Agent, AgentReply, Json } from '../api/types'
import { isObject } from '../schema/json'
import { Field } from '../ui/Field'
import { JsonView } from '../ui/JsonView'
import { Markdown } from '../ui/Markdown'
import type { TrialProps } from './EntityPage'
import { TrialCard } from './TrialCard'

/** One question to the agent; nothing is stored. */
export function TryAgent({ entity: { id }, hasChanges }: TrialProps<Agent>) {
  const [prompt, setPrompt] = useState('')
  const trial = useTryAgent(id)
  return (
    <TrialCard
      trial={trial}
      isOff={prompt.trim() === ''}
      onTest={() => trial.mutate({ prompt })}
      result={trial.data && <Reply reply={trial.data} />}
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
    </TrialCard>
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
