import { useState } from 'react'
import type { FormEvent, ReactNode } from 'react'
import type { Budget } from '../api/types'
import { BudgetInputs } from '../ui/BudgetInputs'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Fault } from '../ui/states'

export interface ProjectFields {
  name: string
  description?: string
  dailyBudget?: Budget
}

interface Props {
  title: string
  project?: ProjectFields
  /** What the button says that hands in the fields. */
  verb: string
  isPending: boolean
  error: unknown
  onSubmit: (fields: ProjectFields) => void
  onClose: () => void
  /** Further buttons, before the others. */
  children?: ReactNode
}

const FORM = 'project-form'

/** What a project is called, for one that is new and for one that is there. */
export function ProjectDialog({
  title,
  project,
  verb,
  isPending,
  error,
  onSubmit,
  onClose,
  children,
}: Props) {
  const [name, setName] = useState(project?.name ?? '')
  const [description, setDescription] = useState(project?.description ?? '')
  const [dailyBudget, setDailyBudget] = useState(project?.dailyBudget)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit({ name: name.trim(), description: description.trim() || undefined, dailyBudget })
  }
  return (
    <Dialog
      title={title}
      size="small"
      onClose={onClose}
      actions={
        <>
          {children}
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form={FORM}
            className="button button-primary"
            disabled={name.trim() === '' || isPending}
          >
            {verb}
          </button>
        </>
      }
    >
      <form id={FORM} className="stack" onSubmit={submit}>
        <Field label="Name" isRequired>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              maxLength={255}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Description">
          {(field) => (
            <textarea
              {...field}
              className="textarea"
              dir="auto"
              rows={3}
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Field>
        <fieldset className="field">
          <legend className="field-label">Daily budget</legend>
          <div className="field-hint">What all model calls of its runs may use up in a day (UTC).</div>
          <BudgetInputs budget={dailyBudget} onChange={setDailyBudget} />
        </fieldset>
        {error != null && <Fault error={error} />}
      </form>
    </Dialog>
  )
}
