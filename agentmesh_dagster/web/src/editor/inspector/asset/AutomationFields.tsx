import { automationKind, changeAutomation } from '../../../graph/assets'
import type { Automation, AutomationKind } from '../../../graph/assets'
import { hintOf } from './hintOf'
import { KindSelect } from './KindSelect'
import { ZoneInput } from '../../../ui/ZoneInput'
import { PlacedField, PlacedGroup } from '../PlacedField'

interface Props {
  automation: Automation | undefined
  onChange: (automation: Automation | undefined) => void
}

const KINDS: readonly [AutomationKind, string][] = [
  ['none', 'None: it is asked for'],
  ['eager', 'Eager: when upstream was updated'],
  ['onMissing', 'On missing: when a partition is missing'],
  ['cron', 'Cron: at these times'],
]

/** When Dagster asks for the asset by itself. */
export function AutomationFields({ automation, onChange }: Props) {
  const kind = automationKind(automation)
  const cron = typeof automation === 'object' ? automation : undefined
  return (
    <PlacedGroup place="asset.automation" label="Automation" hint={hintOf('automation')} hasFieldsOfItsOwn>
      <KindSelect
        label="Automation condition"
        kinds={KINDS}
        value={kind}
        onChange={(next) => onChange(changeAutomation(next))}
      />
      {cron && (
        <div className="field-pair">
          <PlacedField
            place="asset.automation.cron"
            label="When"
            hint="minute hour day month weekday"
            isRequired
          >
            {(field) => (
              <input
                {...field}
                className="input mono"
                autoComplete="off"
                value={cron.cron}
                onChange={(event) => onChange({ ...cron, cron: event.target.value })}
              />
            )}
          </PlacedField>
          <PlacedField place="asset.automation.timezone" label="Time zone">
            {(field) => (
              <ZoneInput
                field={field}
                value={cron.timezone}
                onChange={(timezone) => onChange({ ...cron, timezone })}
              />
            )}
          </PlacedField>
        </div>
      )}
    </PlacedGroup>
  )
}
