import type { ReactNode } from 'react'
import { pairUp } from '../../schema/fields'
import type { FormField } from '../../schema/fields'

interface Props {
  fields: readonly FormField[]
  children: (field: FormField) => ReactNode
}

/** Fields below each other, and narrow ones side by side. */
export function FieldRows({ fields, children }: Props) {
  return pairUp(fields).map((row) =>
    row.length === 1 ? (
      row.map(children)
    ) : (
      <div key={row.map(({ name }) => name).join(' ')} className="field-pair">
        {row.map(children)}
      </div>
    ),
  )
}
