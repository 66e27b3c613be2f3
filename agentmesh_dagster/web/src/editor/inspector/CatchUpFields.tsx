import type { Trigger } from '../../api/types'
import { DurationInput } from '../../ui/DurationInput'
import { PlacedField } from './PlacedField'

type CronTrigger = Extract<Trigger, { type: 'cron' }>

interface Props {
  trigger: CronTrigger
  place: string
  onChange: (trigger: CronTrigger) => void
}

/** Which of the times that were missed start a run afterwards, and how far beginnings are spread. */
export function CatchUpFields({ trigger, place, onChange }: Props) {
  const chooseCatchUp = (next: string) => {
    const { catchUp: _, maxCatchUp, ...others } = trigger
    const bound = next === 'all' && maxCatchUp !== undefined ? { maxCatchUp } : {}
    onChange(next === 'last' ? others : { ...others, catchUp: next as CronTrigger['catchUp'], ...bound })
  }
  const setMax = (text: string) => {
    const { maxCatchUp: _, ...others } = trigger
    onChange(text === '' ? others : { ...others, maxCatchUp: Number(text) })
  }
  const setJitter = (seconds: number | undefined) => {
    const { jitterSeconds: _, ...others } = trigger
    onChange(seconds === undefined ? others : { ...others, jitterSeconds: seconds })
  }
  return (
    <>
      <div className="field-pair">
        <PlacedField place={`${place}.catchUp`} label="After an outage">
          {(field) => (
            <select
              {...field}
              className="select"
              value={trigger.catchUp ?? 'last'}
              onChange={(event) => chooseCatchUp(event.target.value)}
            >
              <option value="none">make up for nothing</option>
              <option value="last">make up for the last time</option>
              <option value="all">make up for all times</option>
            </select>
          )}
        </PlacedField>
        {trigger.catchUp === 'all' && (
          <PlacedField place={`${place}.maxCatchUp`} label="Max catch-up runs">
            {(field) => (
              <input
                {...field}
                className="input"
                type="number"
                min={1}
                step={1}
                placeholder="100"
                value={trigger.maxCatchUp ?? ''}
                onChange={(event) => setMax(event.target.value)}
              />
            )}
          </PlacedField>
        )}
      </div>
      <PlacedField
        place={`${place}.jitterSeconds`}
        label="Jitter"
        hint="Runs begin up to so long after their time, always the same for a time."
      >
        {(field) => (
          <DurationInput field={field} label="Jitter" value={trigger.jitterSeconds} onChange={setJitter} />
        )}
      </PlacedField>
    </>
  )
}
