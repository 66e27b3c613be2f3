import type { Json, JsonSchema } from '../api/types'
import { controlFor, descriptionOf, labelOf, newItem, resolve } from '../schema/form'
import type { Field as SchemaField } from '../schema/form'
import { isObject, writePath } from '../schema/json'
import type { JsonPath } from '../schema/json'
import { Field } from './Field'
import { AddButton, RemoveButton } from './itemButtons'
import { JsonEditor } from './JsonEditor'
import { ScalarControl } from './ScalarControl'
import { Message } from './Message'
import './SchemaForm.css'

interface Props {
  schema: JsonSchema
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  /** What is wrong, by place (`$.a[0]`), as findFaults gives it. */
  faults?: ReadonlyMap<string, string>
}

/** A form made from a JSON Schema. Optional fields that are left empty are left out of the value. */
export function SchemaForm({ schema, value, onChange, faults = NO_FAULTS }: Props) {
  const own = resolve(schema, schema)
  const control = controlFor(own, value)
  return (
    <div className="schema-form">
      {control.kind === 'fields' ? (
        <Fields
          fields={control.fields}
          value={value}
          onChange={onChange}
          root={schema}
          path={[]}
          faults={faults}
        />
      ) : (
        <Place
          name={labelOf('value', own)}
          schema={own}
          value={value}
          onChange={onChange}
          root={schema}
          path={[]}
          faults={faults}
          isRequired
        />
      )}
    </div>
  )
}

const NO_FAULTS: ReadonlyMap<string, string> = new Map()

interface Around {
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  root: JsonSchema
  path: JsonPath
  faults: ReadonlyMap<string, string>
}

function Fields({
  fields,
  value,
  onChange,
  root,
  path,
  faults,
}: Around & { fields: readonly SchemaField[] }) {
  const object = isObject(value) ? value : {}
  const change = (name: string, next: Json | undefined) => {
    const { [name]: _, ...others } = object
    onChange(next === undefined ? others : { ...object, [name]: next })
  }
  return (
    <>
      {fields.map(({ name, schema, isRequired }) => {
        const own = resolve(schema, root)
        return (
          <Place
            key={name}
            name={labelOf(name, own)}
            schema={own}
            value={object[name]}
            onChange={(next) => change(name, next)}
            root={root}
            path={[...path, name]}
            faults={faults}
            isRequired={isRequired}
          />
        )
      })}
    </>
  )
}

interface PlaceProps extends Around {
  /** The label of the place. */
  name: string
  schema: JsonSchema
  isRequired: boolean
}

/** One place of the value, whatever control it needs. */
function Place(props: PlaceProps) {
  const { name, schema, value, onChange, path, faults, isRequired } = props
  const control = controlFor(schema, value)
  const fault = faults.get(writePath(path))
  if (control.kind === 'fields') return <ObjectPlace {...props} fields={control.fields} />
  if (control.kind === 'list') return <ListPlace {...props} items={control.items} />
  return (
    <Field label={name} hint={descriptionOf(schema)} fault={fault} isRequired={isRequired}>
      {(field) =>
        control.kind === 'json' ? (
          <JsonEditor value={value} onChange={onChange} label={`${name}, as JSON`} lines={[2, 12]} />
        ) : (
          <ScalarControl
            field={field}
            control={control}
            schema={schema}
            value={value}
            onChange={onChange}
            isRequired={isRequired}
          />
        )
      }
    </Field>
  )
}

function ObjectPlace(props: PlaceProps & { fields: readonly SchemaField[] }) {
  const { name, schema, value, onChange, root, isRequired, fields } = props
  const isThere = isRequired || value !== undefined
  return (
    <fieldset className="schema-group">
      <legend>{name}</legend>
      {descriptionOf(schema) && <div className="field-hint">{descriptionOf(schema)}</div>}
      {isThere ? (
        <>
          <Fields {...props} fields={fields} />
          {!isRequired && (
            <div>
              <RemoveButton what={name} onClick={() => onChange(undefined)} />
            </div>
          )}
        </>
      ) : (
        <AddButton what={name} onClick={() => onChange(newItem({ default: {}, ...schema }, root))} />
      )}
    </fieldset>
  )
}

function ListPlace(props: PlaceProps & { items: JsonSchema }) {
  const { name, schema, value, onChange, root, path, faults, items } = props
  const list = Array.isArray(value) ? value : []
  const fault = faults.get(writePath(path))
  const replace = (at: number, next: Json | undefined) =>
    onChange(list.map((item, place) => (place === at ? (next ?? null) : item)))
  return (
    <fieldset className="schema-group">
      <legend>{name}</legend>
      {descriptionOf(schema) && <div className="field-hint">{descriptionOf(schema)}</div>}
      {list.map((item, at) => (
        <div key={at} className="schema-item">
          <div className="grow">
            <Place
              {...props}
              name={`${name} ${at + 1}`}
              schema={resolve(items, root)}
              value={item}
              onChange={(next) => replace(at, next)}
              path={[...path, at]}
              isRequired
            />
          </div>
          <RemoveButton
            what={`${name} ${at + 1}`}
            onClick={() => onChange(list.filter((_, place) => place !== at))}
          />
        </div>
      ))}
      {fault && (
        <div className="field-fault">
          <Message text={fault} />
        </div>
      )}
      <AddButton what={`to ${name}`} onClick={() => onChange([...list, newItem(items, root)])} />
    </fieldset>
  )
}
