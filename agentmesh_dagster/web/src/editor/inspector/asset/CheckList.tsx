import { newCheck } from '../../../graph/assets'
import type { AssetCheck } from '../../../graph/assets'
import { assetHint } from '../../../types/types'
import { hintOf } from './hintOf'
import { AddButton, RemoveButton } from '../../../ui/itemButtons'
import { ExpressionInput } from '../ExpressionInput'
import { PlacedField, PlacedGroup } from '../PlacedField'
import { useAssetOffers } from './useAssetOffers'

interface Props {
  checks: readonly AssetCheck[]
  onChange: (checks: AssetCheck[]) => void
}

/** What must hold of the asset. */
export function CheckList({ checks, onChange }: Props) {
  const replace = (at: number, check: AssetCheck) =>
    onChange(checks.map((old, place) => (place === at ? check : old)))
  return (
    <PlacedGroup place="asset.checks" label="Checks" hint={hintOf('checks')} hasFieldsOfItsOwn>
      {checks.map((check, at) => (
        <CheckFields
          key={at}
          check={check}
          number={at + 1}
          onChange={(next) => replace(at, next)}
          onRemove={() => onChange(checks.filter((_, place) => place !== at))}
        />
      ))}
      <AddButton what="check" onClick={() => onChange([...checks, newCheck(checks)])} />
    </PlacedGroup>
  )
}

interface CheckProps {
  check: AssetCheck
  number: number
  onChange: (check: AssetCheck) => void
  onRemove: () => void
}

function CheckFields({ check, number, onChange, onRemove }: CheckProps) {
  const offers = useAssetOffers()
  const place = `asset.checks[${number - 1}]`
  const set = (fields: Partial<AssetCheck>) => onChange({ ...check, ...fields })
  const isError = check.severity !== 'warn'
  return (
    <div className="card trigger stack">
      <div className="row spread">
        <strong className="truncate">{check.name || `Check ${number}`}</strong>
        <RemoveButton what={`check ${number}`} onClick={onRemove} />
      </div>
      <div className="field-pair">
        <PlacedField place={`${place}.name`} label="Name" isRequired>
          {(field) => (
            <input
              {...field}
              className="input mono"
              autoComplete="off"
              value={check.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </PlacedField>
        <PlacedField place={`${place}.severity`} label="Severity">
          {(field) => (
            <select
              {...field}
              className="select"
              value={check.severity}
              onChange={(event) => set({ severity: event.target.value as AssetCheck['severity'] })}
            >
              <option value="error">Error</option>
              <option value="warn">Warning</option>
            </select>
          )}
        </PlacedField>
      </div>
      <PlacedField
        place={`${place}.condition`}
        label="Must hold"
        hint={hintOf('checks', 'condition')}
        isRequired
      >
        {(field) => (
          <ExpressionInput
            {...field}
            value={check.condition}
            onChange={(condition) => set({ condition })}
            offers={offers}
            placeholder="size(context.output.text) > 0"
          />
        )}
      </PlacedField>
      <div data-place={`${place}.blocking`}>
        <label className="field-check small" title={assetHint('checks', 'blocking')}>
          <input
            type="checkbox"
            checked={check.blocking}
            disabled={!isError && !check.blocking}
            onChange={(event) => set({ blocking: event.target.checked })}
          />
          Blocking: the run fails when it does
        </label>
      </div>
      <div data-place={`${place}.ask`}>
        <label className="field-check small" title={assetHint('checks', 'ask')}>
          <input
            type="checkbox"
            checked={check.ask}
            onChange={(event) => set({ ask: event.target.checked })}
          />
          Ask a person when it fails
        </label>
      </div>
    </div>
  )
}
