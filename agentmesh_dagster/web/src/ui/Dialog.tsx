import { useEffect, useId, useRef } from 'react'
import type { ReactNode } from 'react'
import { Icon } from './icons'
import './Dialog.css'

interface Props {
  title: string
  onClose: () => void
  children: ReactNode
  /** Buttons, the main one last. */
  actions?: ReactNode
  size?: 'small' | 'medium' | 'large'
  /** What was asked for is under way, and its answer is shown here: it cannot be closed. */
  isBusy?: boolean
}

/** A modal window: the browser traps the focus, Escape closes, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children, actions, size = 'medium', isBusy = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    const before = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  useEffect(() => {
    if (!isBusy) return
    // Browsers close at the second Escape, whatever is said to `cancel`; what has the focus may be disabled by now.
    const keepOpen = (event: KeyboardEvent) => event.key === 'Escape' && event.preventDefault()
    document.addEventListener('keydown', keepOpen)
    return () => document.removeEventListener('keydown', keepOpen)
  }, [isBusy])
  return (
    <dialog
      ref={dialog}
      className={`dialog dialog-${size}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        if (event.target === event.currentTarget && !isBusy) onClose()
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId} dir="auto" title={title}>
          {title}
        </h2>
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label="Close"
          disabled={isBusy}
          onClick={onClose}
        >
          <Icon name="cross" />
        </button>
      </div>
      <div className="dialog-body">{children}</div>
      {actions && <div className="dialog-actions">{actions}</div>}
    </dialog>
  )
}

interface ConfirmProps {
  title: string
  children: ReactNode
  /** What the button says: the verb of what is done. */
  verb: string
  onConfirm: () => void
  onClose: () => void
  isBusy?: boolean
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({ title, children, verb, onConfirm, onClose, isBusy = false }: ConfirmProps) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      size="small"
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
          <button type="button" className="button button-danger" disabled={isBusy} onClick={onConfirm}>
            {verb}
          </button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
