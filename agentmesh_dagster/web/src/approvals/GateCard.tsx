import { useState } from 'react'
import { Problem } from '../api/problem'
import { useAnswer } from '../api/runs'
import type { Gate, Json } from '../api/types'
import { useToast } from '../app/toasts'
import { areEqual } from '../schema/json'
import { Icon } from '../ui/icons'
import { Markdown } from '../ui/Markdown'
import { firstDraft, readQuestion } from './answer'
import type { Draft } from './answer'
import { Before } from './Before'
import type { KnownStep } from './Before'
import { keepDraft, readDraft } from './drafts'
import { GateAnswered, GateHistory, GateRounds } from './GateAnswered'
import { GateFacts } from './GateFacts'
import { GateForm } from './GateForm'
import { StaleNotice } from './StaleNotice'
import './GateCard.css'

interface Props {
  gate: Gate
  /** Of the gate's run, where they are known already. */
  steps?: readonly KnownStep[]
}

/** A gate: what is asked, what came before, and the answer: to be given, or as it was given. */
export function GateCard({ gate, steps }: Props) {
  const [wasOpen] = useState(gate.state === 'open')
  const [bar, setBar] = useState<HTMLElement | null>(null)
  const question = readQuestion(gate)
  const first = firstDraft(question, gate)
  const [draft, setDraft] = useState<Draft>(() => readDraft(gate.stepId) ?? first)
  const answer = useAnswer(gate.stepId)
  const say = useToast()
  const conflict = answer.error instanceof Problem && answer.error.status === 409 ? answer.error : undefined
  const isOpen = gate.state === 'open' && !conflict
  const isStale = wasOpen && !isOpen && !answer.isSuccess
  const hasTyped = !isSame(draft, first)

  const change = (next: Draft) => {
    setDraft(next)
    keepDraft(gate.stepId, isSame(next, first) ? undefined : next)
  }
  const send = (output: Json, done: string) =>
    answer.mutate(output, {
      onSuccess: () => {
        keepDraft(gate.stepId, undefined)
        say({ text: done })
      },
    })
  return (
    <div className="gate">
      <div className="gate-columns">
        <div className="stack gate-main">
          <GateFacts gate={gate} />
          {gate.runHasFailed && isOpen && (
            <div className="notice notice-warn" role="status">
              <Icon name="warning" />
              <span>A step of this run has failed: whatever is answered, the run can only fail.</span>
            </div>
          )}
          {gate.instructions && (
            <section>
              <h2 className="visually-hidden">What is asked</h2>
              <Markdown text={gate.instructions} />
            </section>
          )}
          {(isOpen || (isStale && hasTyped)) && (
            <GateForm
              gate={gate}
              question={question}
              draft={draft}
              onChange={change}
              onSend={send}
              isSending={answer.isPending}
              error={conflict ? undefined : answer.error}
              isStale={isStale}
              bar={bar}
            />
          )}
          {isStale && <StaleNotice gate={gate} conflict={conflict} hasTyped={hasTyped} />}
          {gate.state !== 'open' && <GateAnswered gate={gate} />}
          <GateHistory history={gate.history} />
          <GateRounds rounds={gate.rounds} />
        </div>
        <Before gate={gate} steps={steps} />
      </div>
      {/* Below all of the card, so that it stays in sight whatever one reads there. */}
      <div className="gate-bar" ref={setBar} />
    </div>
  )
}

function isSame(one: Draft, other: Draft): boolean {
  return (
    one.comment === other.comment &&
    areEqual(one.payload, other.payload) &&
    areEqual(one.fields, other.fields)
  )
}
