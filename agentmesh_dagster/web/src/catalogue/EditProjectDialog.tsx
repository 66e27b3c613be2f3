import { useState } from 'react'
import type { FormEvent } from 'react'
import { useLocation } from 'wouter'
import { useDelete, useSave } from '../api/catalogue'
import type { Project } from '../api/types'
import { addresses } from '../app/addresses'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Fault } from '../ui/states'

export function EditProjectDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const [name, setName] = useState(project.name)
  const [description, setDescription] = useState(project.description ?? '')
  const save = useSave('projects')
  const remove = useDelete('projects')
  const [, navigate] = useLocation()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const entity = { ...project, name: name.trim(), description: description.trim() || undefined }
    save.mutate({ entity, base: project }, { onSuccess: onClose })
  }
  return (
    <Dialog
      title="Project"
      size="small"
      onClose={onClose}
      actions={
        <>
          <button
            type="button"
            className="button button-danger"
            disabled={remove.isPending}
            title="Only a project without workflows, agents and tools can be deleted."
            onClick={() => remove.mutate(project.id, { onSuccess: () => navigate(addresses.projects) })}
          >
            Delete
          </button>
          <span className="grow" />
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form="edit-project"
            className="button button-primary"
            disabled={name.trim() === '' || save.isPending}
          >
            Save
          </button>
        </>
      }
    >
      <form id="edit-project" className="stack" onSubmit={submit}>
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
        {(save.error ?? remove.error) && <Fault error={save.error ?? remove.error} />}
      </form>
    </Dialog>
  )
}
