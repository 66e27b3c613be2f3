import { useState } from 'react'
import { useDeleteHook, useHooks, useRotateHook } from '../../api/hooks'
import { describeError } from '../../api/problem'
import { useMay } from '../../api/session'
import type { CreatedHook, Hook } from '../../api/types'
import { useToast } from '../../app/toasts'
import { CopyButton } from '../../ui/CopyButton'
import { ConfirmDialog } from '../../ui/Dialog'
import { Icon } from '../../ui/icons'
import { Loaded } from '../../ui/states'
import { Time } from '../../ui/Time'
import { workflowOf } from '../state'
import { useEditor } from '../useEditor'
import { CreateHookDialog } from './CreateHookDialog'
import { Section } from './Section'

/** Addresses that third parties post their webhooks to; each posts an event, which triggers wait for. */
export function HookList() {
  const projectId = useEditor((state) => workflowOf(state).projectId)
  const hooks = useHooks(projectId)
  const mayEdit = useMay('edit')
  const [isMaking, setMaking] = useState(false)
  const [made, setMade] = useState<CreatedHook>()
  return (
    <Section title="Webhooks" summary={summarize(hooks.data?.items)}>
      <span className="small muted">
        A service posts to an address of its own; what it posts is an event, for triggers of any project.
      </span>
      {made && <Address hook={made} />}
      <Loaded query={hooks} rows={2}>
        {({ items }) => (
          <ul className="plain stack" aria-label="Webhooks">
            {items.map((hook) => (
              <HookRow
                key={hook.id}
                hook={hook}
                mayEdit={mayEdit}
                onMade={setMade}
                onDeleted={() => setMade((shown) => (shown?.id === hook.id ? undefined : shown))}
              />
            ))}
          </ul>
        )}
      </Loaded>
      {mayEdit && (
        <div>
          <button type="button" className="button button-small" onClick={() => setMaking(true)}>
            <Icon name="plus" size={13} />
            Webhook
          </button>
        </div>
      )}
      {isMaking && (
        <CreateHookDialog
          projectId={projectId}
          onClose={() => setMaking(false)}
          onMade={(hook) => {
            setMade(hook)
            setMaking(false)
          }}
        />
      )}
    </Section>
  )
}

function summarize(hooks: readonly Hook[] | undefined): string | undefined {
  return hooks?.length === 0 ? 'None in this project' : hooks && String(hooks.length)
}

/** The address of a hook, which is shown this once. */
function Address({ hook }: { hook: CreatedHook }) {
  const address = new URL(`../api/hooks/${hook.token}`, document.baseURI).href
  return (
    <div className="notice" role="status">
      <div className="stack grow">
        <span className="small">
          The address of <strong>{hook.name}</strong>, shown this once:
        </span>
        <code className="small trigger-address">{address}</code>
        <CopyButton text={() => address} what="the address" />
      </div>
    </div>
  )
}

interface RowProps {
  hook: Hook
  mayEdit: boolean
  onMade: (hook: CreatedHook) => void
  onDeleted: () => void
}

function HookRow({ hook, mayEdit, onMade, onDeleted }: RowProps) {
  const [asks, setAsks] = useState<'rotate' | 'delete'>()
  const rotate = useRotateHook()
  const remove = useDeleteHook()
  const say = useToast()
  const close = () => setAsks(undefined)
  const onError = (error: unknown) => say({ text: describeError(error), kind: 'bad' })
  return (
    <li className="card trigger stack small">
      <div className="row spread">
        <span className="truncate">
          <strong dir="auto">{hook.name}</strong> <code>{hook.eventName}</code>
        </span>
        {mayEdit && (
          <span className="row">
            <button
              type="button"
              className="button button-quiet button-small"
              aria-label={`New address for ${hook.name}`}
              onClick={() => setAsks('rotate')}
            >
              New address
            </button>
            <button
              type="button"
              className="button button-quiet button-small button-icon"
              aria-label={`Delete webhook ${hook.name}`}
              onClick={() => setAsks('delete')}
            >
              <Icon name="trash" size={14} />
            </button>
          </span>
        )}
      </div>
      <span className="muted">
        {hook.signature
          ? `Signed as ${hook.signature.scheme}, secret ${hook.signature.secret}`
          : 'Not signed'}
        {' · '}
        {hook.lastUsedAt ? (
          <>
            last used <Time at={hook.lastUsedAt} />
          </>
        ) : (
          'never used'
        )}
      </span>
      {hook.lastRefusal && <span className="field-fault">{hook.lastRefusal}</span>}
      {asks && (
        <ConfirmDialog
          title={asks === 'rotate' ? `Give ${hook.name} a new address?` : `Delete ${hook.name}?`}
          verb={asks === 'rotate' ? 'New address' : 'Delete'}
          onClose={close}
          isBusy={rotate.isPending || remove.isPending}
          onConfirm={() => {
            if (asks === 'rotate') rotate.mutate(hook.id, { onSuccess: onMade, onError, onSettled: close })
            else remove.mutate(hook.id, { onSuccess: onDeleted, onError, onSettled: close })
          }}
        >
          What is posted to the address that it has is refused from then on.
        </ConfirmDialog>
      )}
    </li>
  )
}
