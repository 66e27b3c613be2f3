import { useState } from 'react'
import type { FormEvent } from 'react'
import { useLocation } from 'wouter'
import { useCreate } from '../api/catalogue'
import { addresses } from '../app/addresses'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Fault } from '../ui/states'
import { slug } from '../app/slug'

export function CreateProjectDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const create = useCreate('projects')
  const [, navigate] = useLocation()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate(
      { id: slug(name) || undefined, name: name.trim(), description: description.trim() || undefined },
      { onSuccess: (project) => navigate(addresses.project(project.id)) },
    )
  }
  return (
    <Dialog
      title="New project"
      size="small"
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form="new-project"
            className="button button-primary"
            disabled={name.trim() === '' || create.isPending}
          >
            Create
          </button>
        </>
      }
    >
      <form id="new-project" className="stack" onSubmit={submit}>
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
        {create.error && <Fault error={create.error} />}
      </form>
    </Dialog>
  )
}
