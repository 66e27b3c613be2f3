import { changePartitions, isTimeKind, listOf, partitionKind } from '../../../graph/assets'
import type { PartitionKind, Partitions, TimeKind } from '../../../graph/assets'
import { isObject } from '../../../schema/json'
import { hintOf } from './hintOf'
import { KindSelect } from './KindSelect'
import { LinesInput } from '../../../ui/LinesInput'
import { ZoneInput } from '../../../ui/ZoneInput'
import { PlacedField, PlacedGroup } from '../PlacedField'

interface Props {
  partitions: Partitions | undefined
  onChange: (partitions: Partitions | undefined) => void
}

const KINDS: readonly [PartitionKind, string][] = [
  ['none', 'None'],
  ['hourly', 'Hourly'],
  ['daily', 'Daily'],
  ['weekly', 'Weekly'],
  ['monthly', 'Monthly'],
  ['static', 'Static: a list of keys'],
  ['dynamic', 'Dynamic: keys added in Dagster'],
]

/** Into which parts the asset is cut. */
export function PartitionFields({ partitions, onChange }: Props) {
  const kind = partitionKind(partitions)
  return (
    <PlacedGroup place="asset.partitions" label="Partitions" hint={hintOf('partitions')} hasFieldsOfItsOwn>
      <KindSelect
        label="Kind of partitions"
        kinds={KINDS}
        value={kind}
        onChange={(next) => onChange(changePartitions(partitions, next, today()))}
      />
      {partitions && isTimeKind(kind) && (
        <TimeFields kind={kind} partitions={partitions} onChange={onChange} />
      )}
      {kind === 'static' && (
        <PlacedField place="asset.partitions.static" label="Partition keys" hint="One a line." isRequired>
          {(field) => (
            <LinesInput
              field={field}
              lines={listOf(partitions?.static)}
              rows={4}
              onChange={(keys) => onChange({ static: keys })}
            />
          )}
        </PlacedField>
      )}
      {kind === 'dynamic' && (
        <PlacedField
          place="asset.partitions.dynamic"
          label="Name of the set"
          hint={hintOf('partitions', 'dynamic')}
          isRequired
        >
          {(field) => (
            <input
              {...field}
              className="input mono"
              autoComplete="off"
              value={partitions?.dynamic ?? ''}
              onChange={(event) => onChange({ dynamic: event.target.value })}
            />
          )}
        </PlacedField>
      )}
    </PlacedGroup>
  )
}

function TimeFields({ kind, partitions, onChange }: Props & { kind: TimeKind; partitions: Partitions }) {
  const given = partitions[kind]
  const times = isObject(given) ? given : { start: '', timezone: 'UTC' }
  const place = `asset.partitions.${kind}`
  const set = (fields: Partial<typeof times>) => onChange({ [kind]: { ...times, ...fields } })
  return (
    <div className="field-pair">
      <PlacedField place={`${place}.start`} label="First partition" isRequired>
        {(field) => (
          <input
            {...field}
            className="input mono"
            autoComplete="off"
            placeholder={kind === 'hourly' ? '2026-11-30-00:00' : '2026-11-30'}
            value={times.start}
            onChange={(event) => set({ start: event.target.value })}
          />
        )}
      </PlacedField>
      <PlacedField place={`${place}.timezone`} label="Time zone">
        {(field) => (
          <ZoneInput field={field} value={times.timezone} onChange={(timezone) => set({ timezone })} />
        )}
      </PlacedField>
    </div>
  )
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
