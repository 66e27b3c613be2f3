import type { Trigger } from '../../api/types'
import { triggerType, triggerTypes } from '../../types/types'
import { Icon } from '../../ui/icons'
import { changeWorkflow, workflowOf } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { PlacedGroup } from './PlacedField'
import { TriggerFields } from './TriggerFields'

/** What starts the workflow by itself. */
export function TriggerList() {
  const store = useEditorStore()
  const triggers = useEditor((state) => workflowOf(state).triggers)
  const write = (next: Trigger[], tag?: string) =>
    store.change((state) => changeWorkflow(state, (workflow) => ({ ...workflow, triggers: next }), tag))
  return (
    <PlacedGroup
      place="triggers"
      label="Triggers"
      hasFieldsOfItsOwn
      hint={triggers.length === 0 ? 'None: runs begin by hand, by the API or by the CLI.' : undefined}
    >
      {triggers.map((trigger, at) => (
        <div key={at} className="card trigger stack">
          <div className="row spread">
            <strong>{triggerType(trigger.type).label}</strong>
            <span className="row">
              <label className="field-check small">
                <input
                  type="checkbox"
                  checked={trigger.enabled}
                  onChange={(event) =>
                    write(replace(triggers, at, { ...trigger, enabled: event.target.checked }))
                  }
                />
                On
              </label>
              <button
                type="button"
                className="button button-quiet button-small button-icon"
                aria-label={`Remove trigger ${at + 1}`}
                onClick={() => write(triggers.filter((_, place) => place !== at))}
              >
                <Icon name="trash" size={14} />
              </button>
            </span>
          </div>
          <TriggerFields
            trigger={trigger}
            place={`triggers[${at}]`}
            onChange={(next) => write(replace(triggers, at, next), `trigger ${at}`)}
          />
        </div>
      ))}
      <div className="row row-wrap">
        {triggerTypes().map(({ type, label, first }) => (
          <button
            key={type}
            type="button"
            className="button button-small"
            onClick={() => write([...triggers, first as Trigger])}
          >
            <Icon name="plus" size={13} />
            {label}
          </button>
        ))}
      </div>
    </PlacedGroup>
  )
}

function replace(triggers: readonly Trigger[], at: number, next: Trigger): Trigger[] {
  return triggers.map((trigger, place) => (place === at ? next : trigger))
}
