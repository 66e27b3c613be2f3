import { useFunctions } from '../api/catalogue'
import type { Tool, ToolConfig, ToolType } from '../api/types'
import { toolTypes } from '../types/types'
import { Combobox } from '../ui/Combobox'
import { Field } from '../ui/Field'
import { SchemaEditor } from '../ui/SchemaEditor'
import { HeaderRows } from './HeaderRows'
import { Message } from '../ui/Message'

interface Props {
  tool: Tool
  faultOf: (field: string) => string | undefined
  onFault: (field: string) => (hasFault: boolean) => void
  onChange: (fields: Partial<Tool>) => void
}

/** What makes a tool: what is called, and the schemas of what goes in and comes out. */
export function ToolFields({ tool, faultOf, onFault, onChange }: Props) {
  const configure = (fields: Partial<ToolConfig>) => onChange({ config: { ...tool.config, ...fields } })
  return (
    <>
      <Field label="Type" isRequired fault={faultOf('type')}>
        {(field) => (
          <select
            {...field}
            className="select"
            value={tool.type}
            onChange={(event) => onChange({ type: event.target.value as ToolType, config: {} })}
          >
            {toolTypes().map(({ type, label, purpose }) => (
              <option key={type} value={type}>
                {label}: {purpose}
              </option>
            ))}
          </select>
        )}
      </Field>
      {tool.type === 'http' ? (
        <HttpFields config={tool.config} faultOf={faultOf} onChange={configure} />
      ) : (
        <FunctionField type={tool.type} config={tool.config} faultOf={faultOf} onChange={configure} />
      )}
      <Field
        label="Approval"
        hint="Whether a person has to agree before it is called."
        fault={faultOf('approval')}
      >
        {(field) => (
          <select
            {...field}
            className="select"
            value={tool.approval ?? 'never'}
            onChange={(event) => onChange({ approval: event.target.value as Tool['approval'] })}
          >
            <option value="never">Never: agents and steps call it by themselves</option>
            <option value="always">Always: only a tool step behind an approval calls it</option>
          </select>
        )}
      </Field>
      {tool.secrets && tool.secrets.length > 0 && <Secrets names={tool.secrets} />}
      <SchemaField
        label="Input"
        hint="Checked before each call, and shown to the model."
        schema={tool.inputSchema}
        fault={faultOf('inputSchema')}
        onFault={onFault('inputSchema')}
        onChange={(inputSchema) => onChange({ inputSchema })}
      />
      <SchemaField
        label="Output"
        hint="Checked after each call; without one anything may come back."
        schema={tool.outputSchema}
        fault={faultOf('outputSchema')}
        onFault={onFault('outputSchema')}
        onChange={(outputSchema) => onChange({ outputSchema })}
      />
    </>
  )
}

/** The names of the secrets that are put in when the tool is called, as it was saved. */
function Secrets({ names }: { names: readonly string[] }) {
  return (
    <div className="field">
      <div className="field-label">Secrets</div>
      <div className="field-hint">Put in when it is called, and shown nowhere. As saved, it uses these:</div>
      <ul className="plain row row-wrap" aria-label="Secrets">
        {names.map((name) => (
          <li key={name}>
            <code>{name}</code>
          </li>
        ))}
      </ul>
    </div>
  )
}

type ConfigProps = Pick<Props, 'faultOf'> & {
  config: ToolConfig
  onChange: (fields: Partial<ToolConfig>) => void
}

function HttpFields({ config, faultOf, onChange }: ConfigProps) {
  return (
    <>
      <Field
        label="Method"
        hint="GET sends the input as query, POST as JSON."
        fault={faultOf('config.method')}
      >
        {(field) => (
          <select
            {...field}
            className="select"
            value={config.method ?? 'GET'}
            onChange={(event) => onChange({ method: event.target.value as 'GET' | 'POST' })}
          >
            <option value="GET">GET</option>
            <option value="POST">POST</option>
          </select>
        )}
      </Field>
      <Field label="Address" isRequired fault={faultOf('config.url')}>
        {(field) => (
          <input
            {...field}
            className="input mono"
            type="url"
            placeholder="https://api.example.com/orders"
            value={config.url ?? ''}
            onChange={(event) => onChange({ url: event.target.value || undefined })}
          />
        )}
      </Field>
      <HeaderRows
        headers={config.headers ?? {}}
        fault={faultOf('config.headers')}
        onChange={(headers) => onChange({ headers })}
      />
    </>
  )
}

function FunctionField({ type, config, faultOf, onChange }: ConfigProps & { type: ToolType }) {
  const functions = useFunctions().data?.items ?? []
  const options = functions
    .filter((one) => one.type === type)
    .map(({ name, description }) => ({ value: name, label: name, detail: description }))
  const chosen = functions.find((one) => one.name === config.functionName)
  return (
    <Field label="Function" isRequired hint={chosen?.description} fault={faultOf('config.functionName')}>
      {(field) => (
        <Combobox
          {...field}
          options={options}
          value={config.functionName ?? ''}
          placeholder={options.length > 0 ? 'Choose a function' : 'None is registered: type its name'}
          allowsOther
          onChange={(functionName) => onChange({ functionName: functionName || undefined })}
        />
      )}
    </Field>
  )
}

interface SchemaProps {
  label: string
  hint: string
  schema: Tool['inputSchema']
  fault: string | undefined
  onFault: (hasFault: boolean) => void
  onChange: (schema: Tool['inputSchema']) => void
}

function SchemaField({ label, hint, schema, fault, onFault, onChange }: SchemaProps) {
  return (
    <fieldset className="field">
      <legend>{label}</legend>
      <div className="field-hint">{hint}</div>
      <SchemaEditor
        label={label}
        schema={Object.keys(schema).length > 0 ? schema : undefined}
        onFault={onFault}
        onChange={(next) => onChange(next ?? {})}
      />
      {fault && (
        <div className="field-fault">
          <Message text={fault} />
        </div>
      )}
    </fieldset>
  )
}
