import { useState } from 'react'
import { useLocation } from 'wouter'
import { useDelete } from '../api/catalogue'
import { Problem, describeError } from '../api/problem'
import { useToast } from '../app/toasts'
import { ConfirmDialog } from '../ui/Dialog'
import { Fault } from '../ui/states'

interface Props {
  kind: 'agents' | 'tools'
  id: string
  name: string
  isNew: boolean
  hasChanges: boolean
  canSave: boolean
  isBusy: boolean
  onDiscard: () => void
  onSave: () => void
  /** Where one is when it is deleted. */
  home: string
}

/** Delete, discard and save an agent or a tool. */
export function EntityActions(props: Props) {
  const { kind, id, name, isNew, hasChanges, canSave, isBusy, onDiscard, onSave, home } = props
  const [isAsking, setAsking] = useState(false)
  const remove = useDelete(kind)
  const say = useToast()
  const [, navigate] = useLocation()
  const onConfirm = () =>
    remove.mutate(id, {
      onSuccess: () => {
        say({ text: `${name} is deleted. Its history stays.` })
        navigate(home)
      },
      onError: (error) => {
        if (error instanceof Problem && error.status < 500) return // told in the dialog
        say({ text: describeError(error), kind: 'bad' })
      },
    })
  return (
    <>
      {!isNew && (
        <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
          Delete
        </button>
      )}
      {!isNew && hasChanges && (
        <button type="button" className="button" onClick={onDiscard}>
          Discard
        </button>
      )}
      <button
        type="button"
        className="button button-primary"
        disabled={!canSave || isBusy}
        aria-keyshortcuts="Control+S"
        onClick={onSave}
      >
        {isBusy ? 'Saving …' : isNew ? 'Create' : 'Save'}
      </button>
      {isAsking && (
        <ConfirmDialog
          title={`Delete ${name}?`}
          verb="Delete"
          isBusy={remove.isPending}
          onConfirm={onConfirm}
          onClose={() => setAsking(false)}
        >
          <div className="stack">
            <p>Runs that were started keep what they are pinned to. An older revision can be restored.</p>
            {remove.error && <Fault error={remove.error} />}
          </div>
        </ConfirmDialog>
      )}
    </>
  )
}
