interface Props<Kind extends string> {
  label: string
  /** Each with its words. */
  kinds: readonly (readonly [Kind, string])[]
  value: Kind
  onChange: (kind: Kind) => void
}

/** Which kind of partitions, automation or freshness an asset has; the fields of that kind stand below. */
export function KindSelect<Kind extends string>({ label, kinds, value, onChange }: Props<Kind>) {
  return (
    <select
      className="select"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value as Kind)}
    >
      {kinds.map(([kind, words]) => (
        <option key={kind} value={kind}>
          {words}
        </option>
      ))}
    </select>
  )
}
