import type { CSSProperties, ReactNode } from 'react'
import { Icon } from '../../ui/icons'

interface Props {
  icon: ReactNode
  /** The colours of the icon. */
  style?: CSSProperties
  title: string
  onDuplicate?: () => void
  onRemove?: () => void
  children?: ReactNode
}

/** What is selected, and what can be done with it as a whole. */
export function InspectorHead({ icon, style, title, onDuplicate, onRemove, children }: Props) {
  return (
    <div className="inspector-head" style={style}>
      <span className="step-icon">{icon}</span>
      <div className="grow">
        <h2>{title}</h2>
        {children && <p className="muted small">{children}</p>}
      </div>
      {onDuplicate && (
        <button
          type="button"
          className="button button-quiet button-small button-icon"
          aria-label="Duplicate"
          title="Duplicate (Ctrl D)"
          onClick={onDuplicate}
        >
          <Icon name="copy" size={15} />
        </button>
      )}
      {onRemove && (
        <button
          type="button"
          className="button button-quiet button-small button-icon"
          aria-label="Remove"
          title="Remove (Delete)"
          onClick={onRemove}
        >
          <Icon name="trash" size={15} />
        </button>
      )}
    </div>
  )
}
