import { useState } from 'react'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'

interface Props {
  onPublish: (message: string) => void
  onClose: () => void
}

/** Asks what a new revision changes, for those who read its history; it may stay empty. */
export function PublishDialog({ onPublish, onClose }: Props) {
  const [message, setMessage] = useState('')
  return (
    <Dialog
      title="Publish"
      size="small"
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="publish" className="button button-primary">
            Publish revision
          </button>
        </>
      }
    >
      <form
        id="publish"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          onPublish(message)
        }}
      >
        <p>New runs use it at once; runs that are on their way keep their revision.</p>
        <Field label="Message" hint="What changes, and why. Kept with the revision.">
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              maxLength={1000}
              value={message}
              onChange={(event) => setMessage(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
