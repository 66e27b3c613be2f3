import type { Agent, JsonObject, ModelProvider } from '../api/types'
import { isObject } from '../schema/json'
import { agentField, providers } from '../types/types'
import { Field } from '../ui/Field'
import { FieldControl } from '../ui/FieldControl'
import { JsonEditor } from '../ui/JsonEditor'
import type { FieldsProps } from './EntityPage'
import { ToolChoice } from './ToolChoice'

/** What makes an agent: its model, its prompt, its tools. */
export function AgentFields({ entity: agent, faultOf, onFault, onChange }: FieldsProps<Agent>) {
  const temperature = agentField('temperature')
  return (
    <>
      <div className="detail-pair">
        <Field label="Provider" isRequired fault={faultOf('modelProvider')}>
          {(field) => (
            <select
              {...field}
              className="select"
              value={agent.modelProvider}
              onChange={(event) => onChange({ modelProvider: event.target.value as ModelProvider })}
            >
              {providers().map(({ name, label }) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Model" isRequired fault={faultOf('modelName')}>
          {(field) => (
            <input
              {...field}
              className="input mono"
              placeholder={providers().find(({ name }) => name === agent.modelProvider)?.example}
              value={agent.modelName}
              onChange={(event) => onChange({ modelName: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field label="System prompt" hint={agentField('systemPrompt')?.hint} fault={faultOf('systemPrompt')}>
        {(field) => (
          <textarea
            {...field}
            className="textarea"
            dir="auto"
            rows={8}
            value={agent.systemPrompt}
            onChange={(event) => onChange({ systemPrompt: event.target.value })}
          />
        )}
      </Field>
      {temperature && (
        <Field label="Temperature" hint={temperature.hint} fault={faultOf('temperature')}>
          {(field) => (
            <FieldControl
              field={field}
              of={temperature}
              value={agent.temperature}
              onChange={(value) => onChange({ temperature: typeof value === 'number' ? value : undefined })}
            />
          )}
        </Field>
      )}
      <ToolChoice
        projectId={agent.projectId}
        chosen={agent.tools}
        fault={faultOf('tools')}
        onChange={(tools) => onChange({ tools })}
      />
      <Field label="Metadata" hint={agentField('metadata')?.hint} fault={faultOf('metadata')}>
        {() => (
          <JsonEditor
            label="Metadata"
            lines={[2, 12]}
            value={Object.keys(agent.metadata).length > 0 ? agent.metadata : undefined}
            onFault={onFault('metadata')}
            onChange={(value) => {
              const isFit = value === undefined || isObject(value)
              onFault('metadata')(!isFit)
              if (isFit) onChange({ metadata: (value ?? {}) as JsonObject })
            }}
          />
        )}
      </Field>
    </>
  )
}
