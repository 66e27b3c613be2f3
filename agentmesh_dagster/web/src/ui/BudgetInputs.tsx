import type { Budget } from '../api/types'
import { Field } from './Field'
import { ScalarControl } from './ScalarControl'

type Limit = keyof Budget

const LIMITS: readonly [Limit, string, 'number' | 'integer'][] = [
  ['usd', 'US dollars', 'number'],
  ['tokens', 'Tokens', 'integer'],
  ['calls', 'Model calls', 'integer'],
  ['seconds', 'Seconds', 'number'],
]

interface Props {
  budget: Budget | undefined
  /** Without any limit there is no budget. */
  onChange: (budget: Budget | undefined) => void
}

/** What model calls may use up; what is left empty has no limit. */
export function BudgetInputs({ budget = {}, onChange }: Props) {
  const set = (limit: Limit, value: number | undefined) => {
    const { [limit]: _, ...others } = budget
    const next = value === undefined ? others : { ...others, [limit]: value }
    onChange(Object.keys(next).length === 0 ? undefined : next)
  }
  return (
    <div className="field-grid">
      {LIMITS.map(([limit, label, kind]) => (
        <Field key={limit} label={label}>
          {(field) => (
            <ScalarControl
              field={field}
              control={{ kind }}
              schema={{ type: kind }}
              value={budget[limit]}
              isRequired={false}
              onChange={(value) => set(limit, typeof value === 'number' ? value : undefined)}
            />
          )}
        </Field>
      ))}
    </div>
  )
}
