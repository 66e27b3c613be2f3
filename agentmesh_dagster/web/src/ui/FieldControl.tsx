import type { Json } from '../api/types'
import type { FormField } from '../schema/fields'
import { controlFor } from '../schema/form'
import { ChoiceInput } from './ChoiceInput'
import { DurationInput } from './DurationInput'
import type { FieldProps } from './Field'
import { ScalarControl } from './ScalarControl'

interface Props {
  field: FieldProps
  of: FormField
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

/** The control of a field of a config that holds one value, and no expression. Emptied, it is not set. */
export function FieldControl({ field, of, value, onChange }: Props) {
  if (of.kind === 'choice') {
    return (
      <ChoiceInput
        field={field}
        choices={of.choices}
        usual={of.schema['default']}
        value={value}
        onChange={onChange}
      />
    )
  }
  if (of.kind === 'duration')
    return <DurationInput field={field} label={of.label} value={value} onChange={onChange} />
  const control = controlFor(of.schema, value)
  const isText = control.kind === 'text' || control.kind === 'long-text'
  return (
    <ScalarControl
      field={field}
      control={isText ? { kind: of.rows > 1 ? 'long-text' : 'text' } : control}
      schema={of.schema}
      value={value}
      onChange={onChange}
      isRequired={false}
      placeholder={typeof of.example === 'string' ? of.example : undefined}
    />
  )
}
