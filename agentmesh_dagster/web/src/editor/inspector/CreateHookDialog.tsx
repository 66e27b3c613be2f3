import { useState } from 'react'
import { useCreateHook } from '../../api/hooks'
import type { CreatedHook, HookSignature } from '../../api/types'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { Fault } from '../../ui/states'

interface Props {
  projectId: string
  onClose: () => void
  onMade: (hook: CreatedHook) => void
}

const SCHEMES: readonly (readonly [HookSignature['scheme'], string])[] = [
  ['github', 'GitHub'],
  ['stripe', 'Stripe'],
  ['slack', 'Slack'],
  ['shopify', 'Shopify'],
  ['hmac', 'HMAC-SHA256 in a header'],
]

/** Asks what a new webhook posts and how it is signed. */
export function CreateHookDialog({ projectId, onClose, onMade }: Props) {
  const [name, setName] = useState('')
  const [eventName, setEventName] = useState('')
  const [scheme, setScheme] = useState<HookSignature['scheme'] | ''>('')
  const [secret, setSecret] = useState('')
  const [header, setHeader] = useState('X-Signature')
  const create = useCreateHook()
  const submit = () => {
    const own = scheme === 'hmac' ? { header } : {}
    const signature = scheme === '' ? {} : { signature: { scheme, secret, encoding: 'hex' as const, ...own } }
    create.mutate({ projectId, name, eventName, ...signature }, { onSuccess: onMade })
  }
  return (
    <Dialog
      title="New webhook"
      onClose={onClose}
      isBusy={create.isPending}
      actions={
        <>
          <span className="grow" />
          <button type="button" className="button" disabled={create.isPending} onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="new-hook" className="button button-primary" disabled={create.isPending}>
            Create
          </button>
        </>
      }
    >
      <form
        id="new-hook"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        {create.error && <Fault error={create.error} />}
        <TextField label="Name" value={name} onChange={setName} />
        <TextField
          label="Event that it posts"
          hint="{X-GitHub-Event} puts in a header of the sender, {type} a field of the body."
          placeholder="github.{X-GitHub-Event}"
          value={eventName}
          onChange={setEventName}
          isCode
        />
        <Field label="Signature">
          {(field) => (
            <select
              {...field}
              className="select"
              value={scheme}
              onChange={(event) => setScheme(event.target.value as typeof scheme)}
            >
              <option value="">None: whoever knows the address may post</option>
              {SCHEMES.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        {scheme !== '' && (
          <TextField
            label="Secret"
            hint="Its name: the operator sets AGENTMESH_SECRET_<name>, with AGENTMESH_SECRET_<name>_HOSTS=none."
            value={secret}
            onChange={setSecret}
            isCode
          />
        )}
        {scheme === 'hmac' && (
          <TextField label="Header of the signature" value={header} onChange={setHeader} isCode />
        )}
      </form>
    </Dialog>
  )
}

interface TextProps {
  label: string
  hint?: string
  placeholder?: string
  value: string
  onChange: (value: string) => void
  /** It is a name that machines read. */
  isCode?: boolean
}

/** A text that must be given. */
function TextField({ label, hint, placeholder, value, onChange, isCode = false }: TextProps) {
  return (
    <Field label={label} hint={hint} isRequired>
      {(field) => (
        <input
          {...field}
          className={isCode ? 'input mono' : 'input'}
          autoComplete="off"
          placeholder={placeholder}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
