import { useState } from 'react'
import type { FormEvent } from 'react'
import { Field } from '../ui/Field'
import { Fault } from '../ui/states'

export interface ProjectFields {
  name: string
  description: string | undefined
}

/** What a project is called: the dialogs that make one and change one show it, and submit it by the form's `id`. */
export function ProjectForm({
  id,
  fields,
  error,
  onChange,
  onSubmit,
}: {
  id: string
  fields: ProjectFields
  error: unknown
  onChange: (fields: ProjectFields) => void
  onSubmit: () => void
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <form id={id} className="stack" onSubmit={submit}>
      <Field label="Name" isRequired>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="auto"
            maxLength={255}
            value={fields.name}
            onChange={(event) => onChange({ ...fields, name: event.target.value })}
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
            value={fields.description ?? ''}
            onChange={(event) => onChange({ ...fields, description: event.target.value })}
          />
        )}
      </Field>
      {error != null && <Fault error={error} />}
    </form>
  )
}

/** The fields of a project that is new, or of `project`, as they are typed. */
export function useProjectFields(project?: { name: string; description?: string }) {
  const [fields, setFields] = useState<ProjectFields>({
    name: project?.name ?? '',
    description: project?.description,
  })
  const typed = { name: fields.name.trim(), description: fields.description?.trim() || undefined }
  return { fields, setFields, typed, isComplete: typed.name !== '' }
}
