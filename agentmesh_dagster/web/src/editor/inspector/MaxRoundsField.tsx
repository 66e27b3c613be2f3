import { PlacedField } from './PlacedField'

interface Props {
  value: number | undefined
  onChange: (maxRounds: number | undefined) => void
}

/** How often the loop of an edge that leads back is played at most. */
export function MaxRoundsField({ value, onChange }: Props) {
  return (
    <PlacedField
      place="maxRounds"
      label="Max rounds"
      isRequired
      hint="The edge leads back and makes a loop. The first round counts; in the last one this edge is not offered."
    >
      {(field) => (
        <input
          {...field}
          className="input"
          type="number"
          min={2}
          max={100}
          step={1}
          value={value ?? ''}
          onChange={({ target }) => onChange(target.value === '' ? undefined : Number(target.value))}
        />
      )}
    </PlacedField>
  )
}
