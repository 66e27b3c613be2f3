import { isShown } from '../../schema/fields'
import { isObject } from '../../schema/json'
import { ConfigField } from './ConfigField'
import { FieldRows } from './FieldRows'
import { PlacedGroup } from './PlacedField'
import { withField } from './useConfig'
import type { ConfigFieldProps } from './TextField'

/** A field that has fields of its own. Where it is the only one, it stands for all of them. */
export function ConfigGroup({ node, field, place, value, onChange }: ConfigFieldProps) {
  const object = isObject(value) ? value : {}
  const [only, ...others] = field.fields
  if (only && others.length === 0) {
    return (
      <ConfigField
        node={node}
        field={{ ...only, label: field.label, hint: field.hint, isRequired: field.isRequired }}
        place={place}
        value={object[only.name]}
        onChange={(next) => onChange(withField(value, only.name, next))}
      />
    )
  }
  return (
    <PlacedGroup place={place} label={field.label} hint={field.hint} hasFieldsOfItsOwn>
      <FieldRows fields={field.fields.filter((inner) => isShown(inner, field.fields, object))}>
        {(inner) => (
          <ConfigField
            key={inner.name}
            node={node}
            field={inner}
            place={`${place}.${inner.name}`}
            value={object[inner.name]}
            onChange={(next) => onChange(withField(value, inner.name, next))}
          />
        )}
      </FieldRows>
    </PlacedGroup>
  )
}
