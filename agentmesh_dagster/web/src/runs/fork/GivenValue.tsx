import { useState } from 'react'
import type { ReactNode } from 'react'
import type { Json, JsonSchema } from '../../api/types'
import { useWhole } from '../../api/whole'
import type { Large, Whole } from '../../api/whole'
import { summarize } from '../../schema/json'
import { Fault, Loading } from '../../ui/states'
import { ValueEditor } from '../../ui/ValueEditor'
import './ForkDialog.css'

interface Props {
  label: string
  schema?: JsonSchema
  /** What it was in the run. */
  value: Json
  large: Large | undefined
  /** What is given instead; undefined: nothing. */
  given: Json | undefined
  onGive: (value: Json | undefined) => void
  onFault: (hasFault: boolean) => void
}

/** A value of a run, and what is given instead in the new one: shown in a line until somebody opens it. */
export function GivenValue({ label, schema, value, large, given, onGive, onFault }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details
      className="card fork-value"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <span className="field-label">{label}</span>
        {given !== undefined && <span className="fork-edited">edited</span>}
        <span className="muted small truncate grow" dir="auto">
          {summarize(given ?? value) || large?.preview}
        </span>
      </summary>
      {isOpen &&
        (large ? (
          <ReadWhole
            whole={large.whole}
            show={(all) => (
              <ValueEditor {...{ label, schema, onFault }} value={given ?? all} onChange={onGive} />
            )}
          />
        ) : (
          <ValueEditor {...{ label, schema, onFault }} value={given ?? value} onChange={onGive} />
        ))}
    </details>
  )
}

/** A value that came cut is read before it is edited. */
function ReadWhole({ whole, show }: { whole: Whole; show: (value: Json) => ReactNode }) {
  const query = useWhole(whole, true)
  if (query.data !== undefined) return show(query.data)
  return query.error ? <Fault error={query.error} onRetry={query.refetch} /> : <Loading rows={2} />
}
