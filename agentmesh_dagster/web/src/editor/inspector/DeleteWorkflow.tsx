import { useState } from 'react'
import { useLocation } from 'wouter'
import { useDelete } from '../../api/catalogue'
import { describeError } from '../../api/problem'
import { addresses } from '../../app/addresses'
import { useToast } from '../../app/toasts'
import { ConfirmDialog } from '../../ui/Dialog'
import { Icon } from '../../ui/icons'
import { useEditor } from '../useEditor'

/** Deletes the workflow, after a question. */
export function DeleteWorkflow() {
  const { id, name, projectId } = useEditor((state) => state.saved)
  const [isAsking, setAsking] = useState(false)
  const remove = useDelete('workflows')
  const say = useToast()
  const [, navigate] = useLocation()
  const onConfirm = () =>
    remove.mutate(id, {
      onSuccess: () => {
        say({ text: `${name} is deleted.` })
        navigate(addresses.project(projectId))
      },
      onError: (error) => say({ text: describeError(error), kind: 'bad' }),
    })
  return (
    <div>
      <button type="button" className="button button-danger" onClick={() => setAsking(true)}>
        <Icon name="trash" />
        Delete the workflow
      </button>
      {isAsking && (
        <ConfirmDialog
          title={`Delete ${name}?`}
          verb="Delete"
          onConfirm={onConfirm}
          onClose={() => setAsking(false)}
          isBusy={remove.isPending}
        >
          Its runs go on, and their pages stay. Triggers start it no more.
        </ConfirmDialog>
      )}
    </div>
  )
}
