import { useState } from 'react'
import type { GraphNode } from '../../api/types'
import { isObject } from '../../schema/json'
import { Markdown } from '../../ui/Markdown'
import { asSchema } from './AgentFields'
import { ChoiceField, TemplateField } from './ConfigFields'
import { DurationField } from './DurationField'
import { ExpressionInput } from './ExpressionInput'
import { PlacedField, PlacedGroup } from './PlacedField'
import { SchemaField } from './SchemaField'
import { Section } from './Section'
import { TemplateValue } from './TemplateValue'
import { textOf, useSetConfig, withField } from './useConfig'
import { useOffers } from './useOffers'

/** What a person is asked, what they see, what they may answer, and by when. */
export function GateFields({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const offers = useOffers(node.id)
  const { config } = node
  const hasDeadline = config['deadlineSeconds'] !== undefined
  return (
    <>
      <Instructions node={node} />
      <Assignees node={node} />
      <PlacedGroup place="config.payload" label="Payload: shown, and may be edited">
        <TemplateValue
          label="Payload"
          place="config.payload"
          value={config['payload']}
          onChange={(payload) => set({ payload })}
          offers={offers}
          unset="Nothing"
        />
      </PlacedGroup>
      <SchemaField
        place="config.schema"
        label="Answer schema"
        hint="Without any: approved, comment, payload."
        schema={asSchema(config['schema'])}
        onChange={(schema) => set({ schema })}
      />
      <Section
        title="Deadline and notification"
        places={['config.deadlineSeconds', 'config.onDeadline', 'config.notify']}
        isOpen={hasDeadline || config['notify'] !== undefined}
        summary={hasDeadline ? undefined : 'No deadline'}
      >
        <DurationField node={node} name="deadlineSeconds" label="Deadline after" />
        {(hasDeadline || config['onDeadline'] !== undefined) && (
          <ChoiceField
            node={node}
            name="onDeadline"
            label="On deadline"
            choices={[
              ['fail', 'Fail the run'],
              ['approve', 'Approve'],
              ['reject', 'Reject'],
            ]}
          />
        )}
        <PlacedField
          place="config.notify"
          label="Webhook"
          hint="Called when the gate opens, with a link to it."
        >
          {(field) => (
            <ExpressionInput
              {...field}
              value={isObject(config['notify']) ? textOf(config['notify']['url']) : ''}
              onChange={(url) =>
                set({ notify: withField(config['notify'], 'url', url === '' ? undefined : url) })
              }
              offers={offers}
              isTemplate
              placeholder="https://…"
            />
          )}
        </PlacedField>
      </Section>
    </>
  )
}

function Instructions({ node }: { node: GraphNode }) {
  const [isShown, setShown] = useState(false)
  const text = textOf(node.config['instructions'])
  return (
    <div className="stack instructions">
      {isShown ? (
        <div className="field">
          <span className="field-label">Instructions, as they are shown</span>
          <div className="card instructions-shown">
            <Markdown text={text || '*Nothing yet.*'} />
          </div>
        </div>
      ) : (
        <TemplateField
          node={node}
          name="instructions"
          label="Instructions"
          hint="Markdown; may hold {{ expressions }}."
          rows={4}
          placeholder="What is to be decided, and by what?"
        />
      )}
      <div>
        <button type="button" className="button button-quiet button-small" onClick={() => setShown(!isShown)}>
          {isShown ? 'Edit the instructions' : 'Show how they look'}
        </button>
      </div>
    </div>
  )
}

function Assignees({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const offers = useOffers(node.id)
  const assignees = node.config['assignees']
  const lines = Array.isArray(assignees) ? assignees.map(textOf).join('\n') : textOf(assignees)
  return (
    <PlacedField
      place="config.assignees"
      label="Assigned to"
      hint="One name or team a line; none: anyone who may answer."
    >
      {(field) => (
        <ExpressionInput
          {...field}
          value={lines}
          onChange={(text) => set({ assignees: text === '' ? undefined : text.split('\n') })}
          offers={offers}
          isTemplate
        />
      )}
    </PlacedField>
  )
}
