import { changeFreshness, freshnessKind } from '../../../graph/assets'
import type { Freshness, FreshnessKind } from '../../../graph/assets'
import { hintOf } from './hintOf'
import { KindSelect } from './KindSelect'
import { DurationInput } from '../../../ui/DurationInput'
import { PlacedField, PlacedGroup } from '../PlacedField'

interface Props {
  freshness: Freshness | undefined
  onChange: (freshness: Freshness | undefined) => void
}

const KINDS: readonly [FreshnessKind, string][] = [
  ['none', 'Not checked'],
  ['within', 'At most so old'],
  ['cron', 'Updated by these times'],
]

/** How old the newest version may be. */
export function FreshnessFields({ freshness, onChange }: Props) {
  const kind = freshnessKind(freshness)
  return (
    <PlacedGroup place="asset.freshness" label="Freshness" hint={hintOf('freshness')} hasFieldsOfItsOwn>
      <KindSelect
        label="Freshness policy"
        kinds={KINDS}
        value={kind}
        onChange={(next) => onChange(changeFreshness(next))}
      />
      {kind === 'within' && (
        <PlacedField place="asset.freshness.within" label="Max age" isRequired>
          {(field) => (
            <DurationInput
              field={field}
              label="Max age"
              value={freshness?.within}
              // An empty field is 0, of which the rules tell that it is too small.
              onChange={(within = 0) => onChange({ within })}
            />
          )}
        </PlacedField>
      )}
      {kind === 'cron' && (
        <>
          <PlacedField
            place="asset.freshness.cron"
            label="Deadline"
            hint="minute hour day month weekday"
            isRequired
          >
            {(field) => (
              <input
                {...field}
                className="input mono"
                autoComplete="off"
                value={freshness?.cron ?? ''}
                onChange={(event) => onChange({ ...freshness, cron: event.target.value })}
              />
            )}
          </PlacedField>
          <PlacedField
            place="asset.freshness.lowerBoundSeconds"
            label="Lower bound"
            hint={hintOf('freshness', 'lowerBoundSeconds')}
            isRequired
          >
            {(field) => (
              <DurationInput
                field={field}
                label="Lower bound"
                value={freshness?.lowerBoundSeconds}
                onChange={(lowerBoundSeconds = 0) => onChange({ ...freshness, lowerBoundSeconds })}
              />
            )}
          </PlacedField>
        </>
      )}
    </PlacedGroup>
  )
}
