import { useState } from 'react'
import type { Json, JsonSchema } from '../api/types'
import { isObject } from '../schema/json'
import { listProperties } from '../schema/properties'
import { JsonEditor } from './JsonEditor'
import { SchemaRows } from './SchemaRows'
import { Tabs } from './Tabs'

interface Props {
  label: string
  /** undefined: no schema, anything goes. */
  schema: JsonSchema | undefined
  onChange: (schema: JsonSchema | undefined) => void
  onFault?: (hasFault: boolean) => void
}

/** A JSON Schema by rows of fields, or as JSON. What rows do not show stays as it is. */
export function SchemaEditor({ label, schema, onChange, onFault }: Props) {
  const [view, setView] = useState<'rows' | 'json'>('rows')
  const rows = listProperties(schema ?? {})
  const choose = (next: 'rows' | 'json') => {
    onFault?.(false)
    setView(next)
  }
  const onJson = (value: Json | undefined) => {
    if (value === undefined || isObject(value)) onChange(value)
  }
  return (
    <Tabs
      label={label}
      tabs={[
        { key: 'rows', label: 'Fields' },
        { key: 'json', label: 'JSON Schema' },
      ]}
      chosen={view}
      onChoose={choose}
    >
      {view === 'json' ? (
        <JsonEditor
          value={schema}
          onChange={onJson}
          onFault={onFault}
          label={`${label}, as JSON Schema`}
          lines={[6, 24]}
        />
      ) : rows ? (
        <SchemaRows schema={schema ?? {}} rows={rows} onChange={onChange} label={label} />
      ) : (
        <p className="notice">This schema is more than a list of fields: edit it as JSON Schema.</p>
      )}
    </Tabs>
  )
}
