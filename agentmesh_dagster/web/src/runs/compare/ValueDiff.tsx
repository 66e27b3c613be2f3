import { useState } from 'react'
import type { Json } from '../../api/types'
import { largeOf, useWhole } from '../../api/whole'
import { LineDiff } from '../../revisions/LineDiff'
import { formatSize } from '../page/figures'
import { Fault } from '../../ui/states'
import { compareValues, writeLines } from './comparing'

type Field = 'input' | 'output' | 'error'

/** A run or a step, as far as its values go. */
interface Valued {
  id: string
  input?: Json
  output?: Json
  error?: string
  cut?: Readonly<Record<string, { chars: number; preview: string }>>
}

interface Props {
  of: 'run' | 'step'
  field: Field
  one: Valued | undefined
  other: Valued | undefined
}

const MOST_CHARS = 2_000_000 // of both: above that a browser takes long to find what differs

/** A value of both, line by line; one that came cut is read when somebody asks for it. */
export function ValueDiff({ of, field, one, other }: Props) {
  const [isOpen, setOpen] = useState(false)
  const chars = (one?.cut?.[field]?.chars ?? 0) + (other?.cut?.[field]?.chars ?? 0)
  const looksSame = one && other && compareValues(one, other, field) === 'looks the same'
  const before = useValue(of, field, one, isOpen)
  const after = useValue(of, field, other, isOpen)
  if (chars > MOST_CHARS) {
    const known = looksSame ? 'It looks the same' : 'It differs'
    return (
      <p className="muted">
        {known}, and is too large to be compared here: {formatSize(chars)}.
      </p>
    )
  }
  const error = before.error ?? after.error
  if (error) return <Fault error={error} />
  if (!before.isKnown || !after.isKnown) {
    return (
      <div>
        {looksSame && (
          <p className="muted small">
            It looks the same: as long, and begins alike. Not compared as a whole.
          </p>
        )}
        <button type="button" className="button button-small" disabled={isOpen} onClick={() => setOpen(true)}>
          {isOpen ? 'Reading …' : `Compare, ${formatSize(chars)}`}
        </button>
      </div>
    )
  }
  return <LineDiff before={writeLines(before.value)} after={writeLines(after.value)} />
}

function useValue(of: 'run' | 'step', field: Field, valued: Valued | undefined, isWanted: boolean) {
  const large = largeOf(valued?.cut?.[field], { of, id: valued?.id ?? '', field })
  const whole = useWhole({ of, id: valued?.id ?? '', field }, isWanted && large !== undefined)
  if (!large) return { isKnown: true, value: valued?.[field], error: undefined }
  return { isKnown: whole.data !== undefined, value: whole.data, error: whole.error }
}
