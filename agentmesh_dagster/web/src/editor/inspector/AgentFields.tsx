import { Link } from 'wouter'
import type { GraphNode, JsonSchema } from '../../api/types'
import { addresses } from '../../app/addresses'
import { isObject } from '../../schema/json'
import { Combobox } from '../../ui/Combobox'
import { useCatalogue } from '../catalogue'
import { NumberField, TemplateField } from './ConfigFields'
import { PlacedField } from './PlacedField'
import { SchemaField } from './SchemaField'
import { Section } from './Section'
import { useSetConfig, useSetNode } from './useConfig'

const OVERRIDES = ['systemPrompt', 'modelName', 'temperature', 'maxTokens', 'maxToolRounds']

/** Which agent is asked, what, and how. */
export function AgentFields({ node }: { node: GraphNode }) {
  const { agents } = useCatalogue()
  const setNode = useSetNode(node.id)
  const set = useSetConfig(node.id)
  const agent = agents.get(node.agentId ?? '')
  const schema = node.config['outputSchema']
  const overridden = OVERRIDES.filter((name) => node.config[name] !== undefined)
  return (
    <>
      <PlacedField
        place="agentId"
        label="Agent"
        isRequired
        hint={agent && <Link href={addresses.agent(agent.id)}>Open {agent.name}</Link>}
      >
        {(field) => (
          <Combobox
            {...field}
            options={[...agents.values()].map((one) => ({
              value: one.id,
              label: one.name,
              detail: `${one.modelProvider} ${one.modelName}`,
            }))}
            value={node.agentId ?? ''}
            placeholder={
              agents.size > 0 ? 'Choose an agent' : 'There is no agent yet: create one in the project'
            }
            onChange={(agentId) =>
              setNode({ agentId, label: node.label || (agents.get(agentId)?.name ?? '') })
            }
          />
        )}
      </PlacedField>
      <TemplateField
        node={node}
        name="prompt"
        label="Prompt"
        rows={4}
        placeholder="Empty: the node’s input. Write {{ to name a value."
      />
      <SchemaField
        place="config.outputSchema"
        label="Output schema"
        hint="The model is asked for JSON that fits; without any it answers as text."
        schema={asSchema(schema)}
        onChange={(next) => set({ outputSchema: next })}
      />
      <Section
        title="Overrides"
        places={OVERRIDES.map((name) => `config.${name}`)}
        isOpen={overridden.length > 0}
        summary={overridden.length > 0 ? overridden.join(', ') : 'inherited from agent'}
      >
        <TemplateField
          node={node}
          name="systemPrompt"
          label="System prompt"
          rows={3}
          placeholder={agent?.systemPrompt}
        />
        <TemplateField node={node} name="modelName" label="Model" placeholder={agent?.modelName} />
        <div className="field-pair">
          <NumberField node={node} name="temperature" label="Temperature" />
          <NumberField node={node} name="maxTokens" label="Max tokens" />
        </div>
        <NumberField node={node} name="maxToolRounds" label="Max tool rounds" />
      </Section>
    </>
  )
}

export function asSchema(value: GraphNode['config'][string] | undefined): JsonSchema | undefined {
  return isObject(value) ? value : undefined
}
