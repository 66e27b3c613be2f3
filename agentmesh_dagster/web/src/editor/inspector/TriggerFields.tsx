import { useAssets, useEveryEntity } from '../../api/catalogue'
import type { Json, Trigger } from '../../api/types'
import { triggerType } from '../../types/types'
import { Combobox } from '../../ui/Combobox'
import { ZoneInput } from '../../ui/ZoneInput'
import { CatchUpFields } from './CatchUpFields'
import { ExpressionInput } from './ExpressionInput'
import { GatherFields } from './GatherFields'
import { PlacedField, PlacedGroup } from './PlacedField'
import { TemplateValue } from './TemplateValue'

interface Props {
  trigger: Trigger
  /** Where it is in the workflow: `triggers[0]`. */
  place: string
  onChange: (trigger: Trigger) => void
}

/** What one trigger waits for, and the input that it gives. */
export function TriggerFields({ trigger, place, onChange }: Props) {
  const info = triggerType(trigger.type)
  const setInput = (input: Json | undefined) => {
    const { input: _, ...others } = trigger
    onChange(input === undefined ? (others as Trigger) : { ...trigger, input })
  }
  return (
    <>
      {trigger.type === 'cron' && <CronFields trigger={trigger} place={place} onChange={onChange} />}
      {trigger.type === 'event' && <EventFields trigger={trigger} place={place} onChange={onChange} />}
      {trigger.type === 'cron' && <CatchUpFields trigger={trigger} place={place} onChange={onChange} />}
      {trigger.type === 'event' && <GatherFields trigger={trigger} place={place} onChange={onChange} />}
      {trigger.type === 'run' && <RunFields trigger={trigger} place={place} onChange={onChange} />}
      {trigger.type === 'asset' && <AssetFields trigger={trigger} place={place} onChange={onChange} />}
      <PlacedGroup place={`${place}.input`} label="Input of the run">
        <TemplateValue
          label="Input"
          place={`${place}.input`}
          value={trigger.input ?? undefined}
          onChange={setInput}
          offers={() => info.event}
          unset={info.unset}
        />
      </PlacedGroup>
    </>
  )
}

type Of<Type extends Trigger['type']> = Omit<Props, 'trigger'> & { trigger: Extract<Trigger, { type: Type }> }

function CronFields({ trigger, place, onChange }: Of<'cron'>) {
  return (
    <div className="field-pair">
      <PlacedField place={`${place}.cron`} label="When" hint="minute hour day month weekday" isRequired>
        {(field) => (
          <input
            {...field}
            className="input mono"
            autoComplete="off"
            value={trigger.cron}
            onChange={(event) => onChange({ ...trigger, cron: event.target.value })}
          />
        )}
      </PlacedField>
      <PlacedField place={`${place}.timezone`} label="Time zone">
        {(field) => (
          <ZoneInput
            field={field}
            value={trigger.timezone}
            onChange={(timezone) => onChange({ ...trigger, timezone })}
          />
        )}
      </PlacedField>
    </div>
  )
}

function EventFields({ trigger, place, onChange }: Of<'event'>) {
  const setCondition = (condition: string) => {
    const { condition: _, ...others } = trigger
    onChange(condition === '' ? others : { ...trigger, condition })
  }
  return (
    <>
      <PlacedField
        place={`${place}.name`}
        label="Name of the event"
        hint={`Posted to /api/events/${trigger.name || '…'}`}
        isRequired
      >
        {(field) => (
          <input
            {...field}
            className="input mono"
            autoComplete="off"
            value={trigger.name}
            onChange={(event) => onChange({ ...trigger, name: event.target.value })}
          />
        )}
      </PlacedField>
      <PlacedField place={`${place}.condition`} label="Only when">
        {(field) => (
          <ExpressionInput
            {...field}
            value={trigger.condition ?? ''}
            onChange={setCondition}
            offers={() => triggerType(trigger.type).event}
            placeholder='context.event.kind == "new"'
          />
        )}
      </PlacedField>
    </>
  )
}

function AssetFields({ trigger, place, onChange }: Of<'asset'>) {
  const known = useAssets().data?.items ?? []
  const setCondition = (condition: string) => {
    const { condition: _, ...others } = trigger
    onChange(condition === '' ? others : { ...trigger, condition })
  }
  return (
    <>
      <div className="field-pair">
        <PlacedField place={`${place}.key`} label="Asset" isRequired>
          {(field) => (
            <Combobox
              {...field}
              options={known.map(({ key }) => ({ value: key, label: key }))}
              value={trigger.key}
              placeholder="raw/tickets"
              allowsOther
              onChange={(key) => onChange({ ...trigger, key })}
            />
          )}
        </PlacedField>
        <PlacedField place={`${place}.partitions`} label="A run for">
          {(field) => (
            <select
              {...field}
              className="select"
              value={trigger.partitions ?? 'each'}
              onChange={(event) => onChange({ ...trigger, partitions: event.target.value as 'each' | 'any' })}
            >
              <option value="each">each new version</option>
              <option value="any">the last of several in a row</option>
            </select>
          )}
        </PlacedField>
      </div>
      <PlacedField place={`${place}.condition`} label="Only when">
        {(field) => (
          <ExpressionInput
            {...field}
            value={trigger.condition ?? ''}
            onChange={setCondition}
            offers={() => triggerType(trigger.type).event}
            placeholder="context.event.metadata.row_count > 0"
          />
        )}
      </PlacedField>
    </>
  )
}

function RunFields({ trigger, place, onChange }: Of<'run'>) {
  const { data: workflows } = useEveryEntity('workflows')
  return (
    <div className="field-pair">
      <PlacedField place={`${place}.workflow`} label="After a run of" isRequired>
        {(field) => (
          <Combobox
            {...field}
            options={(workflows ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            value={trigger.workflow}
            placeholder="Choose a workflow"
            onChange={(workflow) => onChange({ ...trigger, workflow })}
          />
        )}
      </PlacedField>
      <PlacedField place={`${place}.status`} label="that has">
        {(field) => (
          <select
            {...field}
            className="select"
            value={trigger.status}
            onChange={(event) =>
              onChange({ ...trigger, status: event.target.value as typeof trigger.status })
            }
          >
            <option value="succeeded">succeeded</option>
            <option value="failed">failed</option>
            <option value="canceled">been canceled</option>
          </select>
        )}
      </PlacedField>
    </div>
  )
}
