import type { Json, JsonSchema } from '../../api/types'
import { typesIn } from '../../graph/completions'
import type { Offers } from '../../graph/completions'
import { readLoose, writeLoose } from '../../graph/templates'
import { descriptionOf, resolve } from '../../schema/form'
import { isObject, writePath } from '../../schema/json'
import { ExpressionInput } from './ExpressionInput'
import { PlacedField } from './PlacedField'

interface Props {
  /** Where the value is in the node, as issues name it. */
  place: string
  schema: JsonSchema
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  offers: Offers
}

/** An object by its schema: one template for each field. */
export function TemplateForm({ place, schema, value, onChange, offers }: Props) {
  const object = isObject(value) ? value : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const set = (name: string, field: Json | undefined) => {
    const { [name]: _, ...others } = object
    const next = field === undefined ? others : { ...object, [name]: field }
    onChange(Object.keys(next).length > 0 ? next : undefined)
  }
  return (
    <>
      {listFields(schema).map(([name, field]) => {
        const types = typesIn(field, schema)
        const type = types?.length === 1 ? types[0] : undefined
        const isText = type === 'string'
        const given = object[name]
        return (
          <PlacedField
            key={name}
            place={`${place}${writePath([name]).slice(1)}`}
            label={name}
            hint={[
              types ? `${types.map((one) => WORDS[one] ?? one).join(' or ')}.` : '',
              descriptionOf(field),
            ]
              .filter(Boolean)
              .join(' ')}
            isRequired={required.includes(name)}
          >
            {(props) => (
              <ExpressionInput
                {...props}
                value={
                  given === undefined ? '' : isText && typeof given === 'string' ? given : writeLoose(given)
                }
                onChange={(text) => set(name, text === '' ? undefined : isText ? text : readLoose(text))}
                offers={offers}
                types={types}
                isTemplate
                rows={type === 'object' || type === 'array' ? 3 : 1}
                placeholder={placeholderFor(field)}
              />
            )}
          </PlacedField>
        )
      })}
    </>
  )
}

/** Whether a form shows all of a value: its fields are known, and nothing else is set. */
export function fitsForm(schema: JsonSchema, value: Json | undefined): boolean {
  const names = listFields(schema).map(([name]) => name)
  if (names.length === 0) return false
  return value === undefined || (isObject(value) && Object.keys(value).every((name) => names.includes(name)))
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'Text',
  integer: 'Integer',
  number: 'Number',
  boolean: 'true or false',
  array: 'Array, as JSON or one expression',
  object: 'Object, as JSON or one expression',
}

function listFields(schema: JsonSchema): [string, JsonSchema][] {
  const properties = resolve(schema, schema)['properties']
  if (!isObject(properties)) return []
  return Object.entries(properties).map(([name, field]) => [
    name,
    isObject(field) ? resolve(field, schema) : {},
  ])
}

function placeholderFor(schema: JsonSchema): string {
  if (schema['default'] !== undefined) return `${writeLoose(schema['default'])} (the default)`
  if (Array.isArray(schema['enum'])) return schema['enum'].map((one) => writeLoose(one)).join(' or ')
  return ''
}
