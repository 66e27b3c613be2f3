import { useFunctions } from '../api/catalogue'
import type { Json, JsonObject, Tool, ToolType } from '../api/types'
import { isShown } from '../schema/fields'
import type { FormField } from '../schema/fields'
import { isObject } from '../schema/json'
import { toolFields } from '../types/types'
import { Combobox } from '../ui/Combobox'
import { Field } from '../ui/Field'
import type { FieldProps } from '../ui/Field'
import { FieldControl } from '../ui/FieldControl'
import { JsonEditor } from '../ui/JsonEditor'
import { PairRows } from '../ui/PairRows'

interface Props {
  tool: Tool
  faultOf: (field: string) => string | undefined
  onFault: (field: string) => (hasFault: boolean) => void
  onChange: (config: Tool['config']) => void
}

/** What a tool calls, as the schema of its type says. */
export function ToolConfigForm({ tool, faultOf, onFault, onChange }: Props) {
  const fields = toolFields(tool.type)
  const config = tool.config as JsonObject
  return fields
    .filter((field) => isShown(field, fields, config))
    .map((field) => (
      <ConfigPlace
        key={field.name}
        type={tool.type}
        field={field}
        value={config[field.name]}
        fault={faultOf(`config.${field.name}`)}
        onFault={onFault(`config.${field.name}`)}
        onChange={(value) => onChange({ ...tool.config, [field.name]: value })}
      />
    ))
}

interface PlaceProps {
  type: ToolType
  field: FormField
  value: Json | undefined
  fault: string | undefined
  onFault: (hasFault: boolean) => void
  onChange: (value: Json | undefined) => void
}

function ConfigPlace({ type, field, value, fault, onFault, onChange }: PlaceProps) {
  const { label, hint, isRequired, kind } = field
  if (kind === 'pairs') {
    const pairs = isObject(value) ? value : {}
    return <PairRows {...{ label, hint, pairs, fault, onChange }} example={field.example} />
  }
  return (
    <Field label={label} hint={hint} isRequired={isRequired} fault={fault}>
      {(control) => {
        switch (kind) {
          case 'function':
            return <FunctionChoice field={control} type={type} value={value} onChange={onChange} />
          case 'form':
          case 'group':
            return (
              <JsonEditor label={label} lines={[2, 12]} value={value} onFault={onFault} onChange={onChange} />
            )
          default:
            return <FieldControl field={control} of={field} value={value} onChange={onChange} />
        }
      }}
    </Field>
  )
}

interface FunctionProps extends Pick<PlaceProps, 'type' | 'value' | 'onChange'> {
  field: FieldProps
}

/** One of the functions that are registered for tools of the type, or any other name. */
function FunctionChoice({ field, type, value, onChange }: FunctionProps) {
  const functions = useFunctions().data?.items ?? []
  const options = functions
    .filter((one) => one.type === type)
    .map(({ name, description }) => ({ value: name, label: name, detail: description }))
  return (
    <Combobox
      {...field}
      options={options}
      value={typeof value === 'string' ? value : ''}
      placeholder={options.length > 0 ? 'Choose a function' : 'None is registered: type its name'}
      allowsOther
      onChange={(name) => onChange(name || undefined)}
    />
  )
}
