import type { Trigger } from '../../api/types'
import { DurationInput } from '../../ui/DurationInput'
import { PlacedField } from './PlacedField'

type EventTrigger = Extract<Trigger, { type: 'event' }>

interface Props {
  trigger: EventTrigger
  place: string
  onChange: (trigger: EventTrigger) => void
}

/** Whether each event starts a run, the last of a burst, or several together. */
export function GatherFields({ trigger, place, onChange }: Props) {
  const { batch, debounceSeconds } = trigger
  const way = batch ? 'batch' : debounceSeconds === undefined ? 'each' : 'last'
  const choose = (next: string) => {
    const { batch: _, debounceSeconds: __, ...others } = trigger
    if (next === 'batch') onChange({ ...others, batch: { maxItems: 100, maxSeconds: 60 } })
    else if (next === 'last') onChange({ ...others, debounceSeconds: 60 })
    else onChange(others)
  }
  return (
    <>
      <PlacedField place={`${place}.gather`} label="A run starts">
        {(field) => (
          <select {...field} className="select" value={way} onChange={(event) => choose(event.target.value)}>
            <option value="each">for each event</option>
            <option value="last">for the last event of a burst (debounce)</option>
            <option value="batch">for several events (batch)</option>
          </select>
        )}
      </PlacedField>
      {way === 'last' && (
        <PlacedField place={`${place}.debounceSeconds`} label="Once it was quiet for">
          {(field) => (
            <DurationInput
              field={field}
              label="Once it was quiet for"
              value={debounceSeconds}
              onChange={(seconds) => onChange({ ...trigger, debounceSeconds: seconds ?? 0 })}
            />
          )}
        </PlacedField>
      )}
      {batch && (
        <div className="field-pair">
          <PlacedField
            place={`${place}.batch.maxItems`}
            label="Max events"
            hint="context.event is the list of them."
            isRequired
          >
            {(field) => (
              <input
                {...field}
                className="input"
                type="number"
                min={1}
                step={1}
                value={batch.maxItems || ''}
                onChange={(event) =>
                  onChange({ ...trigger, batch: { ...batch, maxItems: Number(event.target.value) } })
                }
              />
            )}
          </PlacedField>
          <PlacedField place={`${place}.batch.maxSeconds`} label="Max time" isRequired>
            {(field) => (
              <DurationInput
                field={field}
                label="Max time"
                value={batch.maxSeconds}
                onChange={(seconds) =>
                  onChange({ ...trigger, batch: { ...batch, maxSeconds: seconds ?? 0 } })
                }
              />
            )}
          </PlacedField>
        </div>
      )}
    </>
  )
}
