import { useState } from 'react'
import type { ReactNode } from 'react'
import type { Json } from '../../api/types'
import { useWhole } from '../../api/whole'
import type { Large } from '../../api/whole'
import { Fault } from '../../ui/states'
import { formatSize } from './figures'

interface Props {
  /** Set where the value came cut; the value is not known then. */
  large: Large | undefined
  value: Json | undefined
  label: string
  children: (value: Json | undefined) => ReactNode
}

/** A value; of one that came cut how it begins, and all of it once somebody opens it. */
export function LargeView({ large, value, label, children }: Props) {
  return large ? <Cut large={large} label={label} show={children} /> : children(value)
}

function Cut({ large, label, show }: { large: Large; label: string; show: Props['children'] }) {
  const [isOpen, setOpen] = useState(false)
  const whole = useWhole(large.whole, isOpen)
  if (whole.data !== undefined) return show(whole.data)
  return (
    <div className="stack" role="group" aria-label={label}>
      <p className="large-preview mono" dir="ltr">
        {large.preview} …
      </p>
      {whole.error && <Fault error={whole.error} onRetry={whole.refetch} />}
      <div>
        <button
          type="button"
          className="button button-small"
          disabled={whole.isFetching}
          onClick={() => setOpen(true)}
        >
          {whole.isFetching ? 'Reading …' : `Show all, ${formatSize(large.chars)}`}
        </button>
      </div>
    </div>
  )
}
