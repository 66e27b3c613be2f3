import { useId, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import { Problem } from '../api/problem'
import type { Gate, Json } from '../api/types'
import { readServerFaults } from '../schema/serverFaults'
import { Field } from '../ui/Field'
import { focusFirstFault } from '../ui/focusFirstFault'
import { Icon } from '../ui/icons'
import { SchemaForm } from '../ui/SchemaForm'
import { Fault } from '../ui/states'
import { ValueEditor } from '../ui/ValueEditor'
import { faultsBelow, findAnswerFaults, writeAnswer } from './answer'
import type { Draft, Question } from './answer'
import { useMayAnswer } from './useMayAnswer'

interface Props {
  gate: Gate
  question: Question
  draft: Draft
  onChange: (draft: Draft) => void
  /** `done` is what is said once it was taken. */
  onSend: (output: Json, done: string) => void
  isSending: boolean
  error: unknown
  /** Somebody was first: what was typed stays, to be copied. */
  isStale: boolean
  /** Where the buttons stand. */
  bar: HTMLElement | null
}

/** The answer, as the gate's schema asks for it. */
export function GateForm(props: Props) {
  const { gate, question, draft, onChange, onSend, isSending, error, isStale, bar } = props
  const formId = useId()
  const [isBroken, setBroken] = useState(false)
  const [wasTried, setTried] = useState(false)
  const mayNot = useMayAnswer(gate)
  const own = findAnswerFaults(question, draft)
  const said = error instanceof Problem && error.status === 422 ? readServerFaults(error.detail) : NO_FAULTS
  const faults = wasTried ? new Map([...said, ...own]) : NO_FAULTS
  const form = useRef<HTMLFormElement>(null)
  const isOff = isSending || isBroken || mayNot !== undefined

  const send = (approved: boolean) => {
    setTried(true)
    // A rejection leaves the payload out, whatever is wrong with it.
    const counting = [...own.keys()].filter((place) => approved || !place.startsWith('$.payload'))
    if (counting.length > 0) {
      focusFirstFault(form.current)
      return
    }
    onSend(writeAnswer(question, draft, approved, gate), describeAnswer(question, approved))
  }
  return (
    <form
      id={formId}
      ref={form}
      className="stack gate-form"
      noValidate
      aria-label={isStale ? 'What you typed' : 'Answer'}
      onSubmit={(event) => {
        event.preventDefault()
        if (!isOff && !isStale) send(true)
      }}
    >
      <Fields
        gate={gate}
        question={question}
        draft={draft}
        onChange={onChange}
        faults={faults}
        onFault={setBroken}
      />
      {error !== undefined && error !== null && <Fault error={error} />}
      {wasTried && own.size > 0 && (
        <p className="field-fault" role="alert">
          {own.size === 1 ? 'One field needs' : `${own.size} fields need`} another look.
        </p>
      )}
      {!isStale && mayNot && (
        <p className="muted row">
          <Icon name="info" size={14} />
          {mayNot}
        </p>
      )}
      {!isStale &&
        bar &&
        createPortal(
          <>
            <button type="submit" form={formId} className="button button-primary" disabled={isOff}>
              <Icon name="check" />
              {isSending ? 'Sending …' : question.kind === 'form' ? 'Send answer' : 'Approve'}
            </button>
            {question.kind === 'approval' && (
              <button
                type="button"
                className="button button-danger"
                disabled={isOff}
                onClick={() => send(false)}
              >
                <Icon name="cross" />
                Reject
              </button>
            )}
          </>,
          bar,
        )}
    </form>
  )
}

interface FieldsProps extends Pick<Props, 'gate' | 'question' | 'draft' | 'onChange'> {
  faults: ReadonlyMap<string, string>
  onFault: (hasFault: boolean) => void
}

function Fields({ question, draft, onChange, faults, onFault }: FieldsProps) {
  if (question.kind === 'form') {
    return (
      <ValueEditor
        label="Answer"
        schema={question.schema}
        value={draft.fields}
        onChange={(fields) => onChange({ ...draft, fields })}
        faults={faults}
        onFault={onFault}
      />
    )
  }
  return (
    <>
      {question.payload && (
        <section className="gate-payload" aria-label="What is to be approved">
          <h2 className="gate-title">To be approved</h2>
          <ValueEditor
            label="To be approved"
            schema={question.payload}
            value={draft.payload}
            onChange={(payload) => onChange({ ...draft, payload })}
            faults={faultsBelow(faults, 'payload')}
            onFault={onFault}
          />
        </section>
      )}
      {question.others && (
        <SchemaForm
          schema={question.others}
          value={draft.fields}
          onChange={(fields) => onChange({ ...draft, fields })}
          faults={faults}
        />
      )}
      {question.hasComment && (
        <Field label="Comment" isRequired={question.isCommentNeeded} fault={faults.get('$.comment')}>
          {(field) => (
            <textarea
              {...field}
              className="textarea"
              dir="auto"
              rows={2}
              value={draft.comment}
              onChange={(event) => onChange({ ...draft, comment: event.target.value })}
            />
          )}
        </Field>
      )}
    </>
  )
}

function describeAnswer(question: Question, approved: boolean): string {
  if (question.kind === 'form') return 'Answered. The run goes on.'
  return approved ? 'Approved. The run goes on.' : 'Rejected.'
}

const NO_FAULTS: ReadonlyMap<string, string> = new Map()
