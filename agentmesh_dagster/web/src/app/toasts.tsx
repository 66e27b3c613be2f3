import { createContext, useCallback, useContext, useMemo, useRef, useState } from 'react'
import type { ReactNode } from 'react'
import { Icon } from '../ui/icons'
import { Message } from '../ui/Message'
import './toasts.css'

export interface Toast {
  text: string
  kind?: 'good' | 'bad'
  /** A way to go on: a link to what was made. */
  action?: ReactNode
}

type Say = (toast: Toast) => void

const SHOWN_MS = 6_000
const Toasts = createContext<Say>(() => undefined)

/** Says in the corner that something is done. Faults of a form belong to the form. */
export function useToast(): Say {
  return useContext(Toasts)
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(Toast & { id: number })[]>([])
  const lastId = useRef(0)
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), [])
  const say = useCallback<Say>(
    (toast) => {
      lastId.current += 1
      const id = lastId.current
      setToasts((all) => [...all.slice(-3), { ...toast, id }])
      if (toast.kind !== 'bad') setTimeout(() => drop(id), SHOWN_MS) // a fault stays until it was seen
    },
    [drop],
  )
  const list = useMemo(
    () =>
      toasts.map(({ id, text, kind = 'good', action }) => (
        <div key={id} className={`toast notice notice-${kind}`}>
          <Icon name={kind === 'good' ? 'check' : 'warning'} />
          <span className="grow">
            <Message text={text} />
          </span>
          {action}
          <button
            type="button"
            className="button button-quiet button-small button-icon"
            aria-label="Dismiss"
            onClick={() => drop(id)}
          >
            <Icon name="cross" size={14} />
          </button>
        </div>
      )),
    [toasts, drop],
  )
  return (
    <Toasts value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {list}
      </div>
    </Toasts>
  )
}
