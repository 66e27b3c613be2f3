import { useDeclared, useFunctions } from '../api/catalogue'
import type { Json, JsonObject, RegisteredFunction, Tool, ToolType } from '../api/types'
import { followChange, isShown } from '../schema/fields'
import type { FormField } from '../schema/fields'
import { isObject } from '../schema/json'
import { toolFields } from '../types/types'
import { Combobox } from '../ui/Combobox'
import { Field } from '../ui/Field'
import { FieldControl } from '../ui/FieldControl'
import { JsonEditor } from '../ui/JsonEditor'
import { formatExact } from '../ui/times'
import { PairRows } from '../ui/PairRows'

interface Props {
  tool: Tool
  faultOf: (field: string) => string | undefined
  onFault: (field: string) => (hasFault: boolean) => void
  onChange: (config: Tool['config']) => void
}

/** What a tool calls, as the schema of its type says. */
export function ToolConfigForm({ tool, faultOf, onFault, onChange }: Props) {
  return (
    <Settings
      type={tool.type}
      fields={toolFields(tool.type)}
      place="config"
      value={tool.config as JsonObject}
      faultOf={faultOf}
      onFault={onFault}
      onChange={(config) => onChange(config as Tool['config'])}
    />
  )
}

interface SettingsProps extends Pick<Props, 'faultOf' | 'onFault'> {
  type: ToolType
  fields: readonly FormField[]
  /** Where they are in the tool. */
  place: string
  value: JsonObject
  onChange: (value: JsonObject) => void
}

function Settings({ fields, place, value, onChange, ...around }: SettingsProps) {
  return fields
    .filter((field) => isShown(field, fields, value))
    .map((field) => (
      <Setting
        key={field.name}
        {...around}
        field={field}
        place={`${place}.${field.name}`}
        value={value[field.name]}
        onChange={(next) => {
          const changed = Object.entries({ ...value, ...followChange(fields, value, field.name, next) })
          onChange(
            Object.fromEntries(changed.filter((entry): entry is [string, Json] => entry[1] !== undefined)),
          )
        }}
      />
    ))
}

interface SettingProps extends Omit<SettingsProps, 'fields' | 'value' | 'onChange'> {
  field: FormField
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

function Setting({ field, ...around }: SettingProps) {
  const { type, place, value, faultOf, onFault, onChange } = around
  const { label, hint, isRequired, kind } = field
  const fault = faultOf(place)
  const object = isObject(value) ? value : {}
  if (kind === 'pairs') {
    return <PairRows {...{ label, hint, fault, onChange }} pairs={object} example={field.example} />
  }
  if (kind === 'group') {
    return (
      <fieldset className="field">
        <legend>{label}</legend>
        {hint && <div className="field-hint">{hint}</div>}
        <Settings
          {...around}
          fields={field.fields}
          value={object}
          onChange={(next) => onChange(Object.keys(next).length > 0 ? next : undefined)}
        />
      </fieldset>
    )
  }
  if (kind === 'function') return <FunctionField {...{ type, field, value, fault, onChange }} />
  if (kind === 'database' || kind === 'mcp_server') {
    return <DeclaredField {...{ kind, field, value, fault, onChange }} />
  }
  return (
    <Field label={label} hint={hint} isRequired={isRequired} fault={fault}>
      {(control) =>
        kind === 'form' ? (
          <JsonEditor
            label={label}
            lines={[2, 12]}
            value={value}
            onFault={onFault(place)}
            onChange={onChange}
          />
        ) : (
          <FieldControl field={control} of={field} value={value} onChange={onChange} />
        )
      }
    </Field>
  )
}

interface FunctionProps extends Pick<SettingProps, 'type' | 'field' | 'value' | 'onChange'> {
  fault: string | undefined
}

/** One of the functions that are registered for tools of the type, or any other name. */
function FunctionField({ type, field: { label, hint, isRequired }, value, fault, onChange }: FunctionProps) {
  const functions = (useFunctions().data?.items ?? []).filter((one) => one.type === type)
  const chosen = functions.find(({ name }) => name === value)
  return (
    <Field
      label={label}
      hint={chosen ? describeFunction(chosen) : hint}
      isRequired={isRequired}
      fault={fault ?? chosen?.problem ?? undefined}
    >
      {(control) => (
        <Combobox
          {...control}
          options={functions.map(({ name, description }) => ({
            value: name,
            label: name,
            detail: description,
          }))}
          value={typeof value === 'string' ? value : ''}
          placeholder={functions.length > 0 ? 'Choose a function' : 'None is registered: type its name'}
          allowsOther
          onChange={(name) => onChange(name || undefined)}
        />
      )}
    </Field>
  )
}

const DECLARED = { database: 'databases', mcp_server: 'mcpServers' } as const

interface DeclaredProps extends Omit<FunctionProps, 'type'> {
  kind: keyof typeof DECLARED
}

/** One of the names that the operator declares, or any other. */
function DeclaredField({ kind, field, value, fault, onChange }: DeclaredProps) {
  const { label, hint, isRequired, unset } = field
  const names = useDeclared().data?.[DECLARED[kind]] ?? []
  return (
    <Field label={label} hint={hint} isRequired={isRequired} fault={fault}>
      {(control) => (
        <Combobox
          {...control}
          options={names.map((name) => ({ value: name, label: name }))}
          value={typeof value === 'string' ? value : ''}
          placeholder={unset}
          allowsOther
          onChange={(name) => onChange(name || undefined)}
        />
      )}
    </Field>
  )
}

function describeFunction({ description, reportedAt, isStale }: RegisteredFunction): string | undefined {
  const age =
    isStale && reportedAt && `This is what its code location said on ${formatExact(new Date(reportedAt))}.`
  return [description, age].filter(Boolean).join(' ') || undefined
}
