import { useState } from 'react'
import type { ReactNode } from 'react'
import { Dialog } from '../ui/Dialog'
import { Icon } from '../ui/icons'
import { Time } from '../ui/Time'

interface Props {
  /** When the last of the edits was made. */
  at: string
  /** Whether a newer revision was saved since. */
  isBehind: boolean
  onRestore: () => void
  onDiscard: () => void
  /** What the edits change. */
  children: ReactNode
}

/** Offers edits that an earlier visit has left unsaved. */
export function UnsavedNotice({ at, isBehind, onRestore, onDiscard, children }: Props) {
  const [isShown, setShown] = useState(false)
  const buttons = (
    <>
      <button type="button" className="button button-small" onClick={onDiscard}>
        Discard them
      </button>
      <button type="button" className="button button-small button-primary" onClick={onRestore}>
        Restore them
      </button>
    </>
  )
  return (
    <div className="notice notice-warn unsaved" role="status">
      <Icon name="history" />
      <span className="grow">
        There are unsaved changes of yours in this browser, made <Time at={at} />
        {isBehind && '; somebody has saved a newer revision since'}.
      </span>
      <div className="row row-wrap">
        <button type="button" className="button button-small" onClick={() => setShown(true)}>
          Show the difference
        </button>
        {buttons}
      </div>
      {isShown && (
        <Dialog title="Unsaved changes" size="large" onClose={() => setShown(false)} actions={buttons}>
          {children}
        </Dialog>
      )}
    </div>
  )
}
