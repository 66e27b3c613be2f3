import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { FormEvent } from 'react'
import { apiUrl } from '../api/client'
import { loginAddress, setLoginPrompt } from '../api/login'
import { readProblem } from '../api/problem'
import { useSession } from '../api/session'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'

/** Asks for a login in place when the session has ended: what is being edited stays, and what was asked for goes on. */
export function LoginDialog() {
  const [isAsking, setAsking] = useState(false)
  const answer = useRef<(isDone: boolean) => void>(undefined)
  useEffect(() => {
    setLoginPrompt(
      () =>
        new Promise((resolve) => {
          answer.current = resolve
          setAsking(true)
        }),
    )
    return () => setLoginPrompt(undefined)
  }, [])
  const end = (isDone: boolean) => {
    setAsking(false)
    answer.current?.(isDone)
  }
  return isAsking ? <LoginForm onEnd={end} /> : null
}

function LoginForm({ onEnd }: { onEnd: (isDone: boolean) => void }) {
  const { data: session } = useSession()
  const client = useQueryClient()
  const [name, setName] = useState(session?.name ?? '')
  const [password, setPassword] = useState('')
  const [fault, setFault] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const done = () => {
    onEnd(true)
    void client.invalidateQueries()
  }
  useLoginElsewhere(done)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    const refusal = await logIn(name, password)
    if (refusal === undefined) return done()
    setFault(refusal)
    setBusy(false)
  }
  return (
    <Dialog
      title="Your session has ended"
      size="small"
      onClose={() => onEnd(false)}
      actions={
        <>
          <button type="button" className="button" onClick={() => onEnd(false)}>
            Not now
          </button>
          <button
            type="submit"
            form="login-again"
            className="button button-primary"
            disabled={isBusy || name === '' || password === ''}
          >
            Log in
          </button>
        </>
      }
    >
      <form id="login-again" className="stack" onSubmit={(event) => void submit(event)}>
        <p>Log in to go on. What you have changed is still here.</p>
        <Field label="Name">
          {(field) => (
            <input
              {...field}
              className="input"
              autoComplete="username"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Password" fault={fault}>
          {(field) => (
            <input
              {...field}
              className="input"
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <p className="muted small">
          With a login link,{' '}
          <a href={loginAddress().href} target="_blank" rel="noopener">
            log in in another tab
          </a>{' '}
          and come back.
        </p>
      </form>
    </Dialog>
  )
}

/** Why it did not work; undefined if it did. */
async function logIn(name: string, password: string): Promise<string | undefined> {
  try {
    const response = await fetch(apiUrl('session'), {
      method: 'POST',
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, password }),
    })
    return response.ok ? undefined : (await readProblem(response)).message
  } catch {
    return 'The server cannot be reached.'
  }
}

/** Calls `onDone` when one comes back to this page and has logged in in another. */
function useLoginElsewhere(onDone: () => void): void {
  const newest = useRef(onDone)
  useEffect(() => {
    newest.current = onDone
  })
  useEffect(() => {
    const look = async () => {
      const response = await fetch(apiUrl('session')).catch(() => undefined)
      if (response?.ok) newest.current()
    }
    const onShown = () => void look()
    window.addEventListener('focus', onShown)
    return () => window.removeEventListener('focus', onShown)
  }, [])
}
