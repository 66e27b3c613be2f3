import type { JsonSchema } from '../../api/types'
import { SchemaEditor } from '../../ui/SchemaEditor'
import { PlacedGroup, useTextFault } from './PlacedField'

interface Props {
  place: string
  label: string
  hint?: string
  schema: JsonSchema | undefined
  onChange: (schema: JsonSchema | undefined) => void
}

/** A JSON Schema of what is selected. */
export function SchemaField({ place, label, hint, schema, onChange }: Props) {
  const sayFault = useTextFault(place, `${label}: the text is no JSON.`)
  return (
    <PlacedGroup place={place} label={label} hint={hint}>
      <SchemaEditor label={label} schema={schema} onChange={onChange} onFault={sayFault} />
    </PlacedGroup>
  )
}
