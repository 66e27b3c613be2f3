import type { Tool, ToolType } from '../api/types'
import { toolTypes } from '../types/types'
import { Field } from '../ui/Field'
import { SchemaEditor } from '../ui/SchemaEditor'
import { Message } from '../ui/Message'
import type { FieldsProps } from './EntityPage'
import { ToolConfigForm } from './ToolConfigForm'

/** What makes a tool: what is called, and the schemas of what goes in and comes out. */
export function ToolFields({ entity: tool, faultOf, onFault, onChange }: FieldsProps<Tool>) {
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
      <ToolConfigForm
        key={tool.type}
        tool={tool}
        faultOf={faultOf}
        onFault={onFault}
        onChange={(config) => onChange({ config })}
      />
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
