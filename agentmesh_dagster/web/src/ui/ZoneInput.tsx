import { Combobox } from './Combobox'
import type { FieldProps } from './Field'

interface Props {
  field: FieldProps
  value: string
  onChange: (zone: string) => void
}

/** A time zone by its IANA name. */
export function ZoneInput({ field, value, onChange }: Props) {
  return <Combobox {...field} options={ZONES} value={value} allowsOther onChange={onChange} />
}

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')].map((zone) => ({
  value: zone,
  label: zone,
}))
