import { useState } from 'react'
import type { Json, JsonSchema } from '../api/types'
import { canShow } from '../schema/form'
import { JsonEditor } from './JsonEditor'
import { SchemaForm } from './SchemaForm'
import { Tabs } from './Tabs'

interface Props {
  label: string
  /** Without one, or where a form would hide something, the value is JSON. */
  schema?: JsonSchema
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  faults?: ReadonlyMap<string, string>
  /** Whether the text is no JSON just now. */
  onFault?: (hasFault: boolean) => void
}

/** A value by form or as JSON, as one likes; both show the same value. */
export function ValueEditor({ label, schema, value, onChange, faults, onFault }: Props) {
  const [view, setView] = useState<'form' | 'json'>('form')
  const hasForm = schema !== undefined && canShow(schema, undefined)
  const fits = hasForm && canShow(schema, value)
  const json = (
    <JsonEditor value={value} onChange={onChange} onFault={onFault} label={label} lines={[6, 20]} />
  )
  if (!hasForm) return json
  const choose = (next: 'form' | 'json') => {
    onFault?.(false) // the form shows the last value that was JSON
    setView(next)
  }
  return (
    <Tabs
      label={label}
      tabs={[
        { key: 'form', label: 'Form' },
        { key: 'json', label: 'JSON' },
      ]}
      chosen={view}
      onChoose={choose}
    >
      {view === 'json' ? (
        json
      ) : fits ? (
        <SchemaForm schema={schema} value={value} onChange={onChange} faults={faults} />
      ) : (
        <p className="notice notice-warn">
          The value has something that the form cannot show: edit it as JSON.
        </p>
      )}
    </Tabs>
  )
}
