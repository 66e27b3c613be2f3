import { Icon } from './icons'

/** Adds an item to a list, or a part that may be left out. */
export function AddButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <div>
      <button type="button" className="button button-small" onClick={onClick}>
        <Icon name="plus" size={13} />
        Add {what}
      </button>
    </div>
  )
}

/** Takes it away again. */
export function RemoveButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <button
      type="button"
      className="button button-quiet button-small"
      aria-label={`Remove ${what}`}
      onClick={onClick}
    >
      <Icon name="trash" size={14} />
    </button>
  )
}
