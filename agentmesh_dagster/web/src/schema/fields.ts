/** The fields of a config as a form shows them: what the JSON Schema of its type, and `x-form` in it, say. No React. */
import type { Json, JsonObject, JsonSchema } from '../api/types'
import { formatDuration } from './duration'
import { controlFor, descriptionOf, labelOf, resolve } from './form'
import { areEqual, isObject } from './json'

/** How an author writes a field; one that is not listed is fixed when it is saved. */
export type Way = 'template' | 'expression' | 'expression_or_template' | 'schema'

export interface Choice {
  value: Json
  label: string
}

/** Fields that are folded together. */
export interface SectionInfo {
  title: string
  /** What holds while none of them is given. */
  unset: string
  /** Whether it comes after what follows the node. */
  isLast?: boolean
}

export type Kind =
  | 'choice'
  | 'database' // the name of one that the operator declares
  | 'duration' // seconds
  | 'expression'
  | 'form' // lists, and whatever has no other control
  | 'function'
  | 'group' // fields of its own
  | 'lines' // templates, one a line
  | 'loose' // an expression, or a value as it is
  | 'markdown'
  | 'mcp_server' // as database
  | 'named_input' // of what the node refers to
  | 'node'
  | 'pairs' // names and texts
  | 'scalar'
  | 'schema'
  | 'template' // a text
  | 'value' // anything, with templates inside

export interface FormField {
  name: string
  label: string
  hint: string | undefined
  isRequired: boolean
  kind: Kind
  way: Way | undefined
  /** Without references. */
  schema: JsonSchema
  /** Of a group. */
  fields: readonly FormField[]
  choices: readonly Choice[]
  rows: number
  /** What holds while nothing is given. */
  unset: string | undefined
  example: Json | undefined
  section: SectionInfo | undefined
  onlyWith: { field: string; values: readonly Json[] } | undefined
  /** Unless it is given, the field of this name counts of what the node refers to. */
  isInherited: boolean
}

export function listFields(
  schema: JsonSchema,
  written: Readonly<Record<string, Way>> = {},
  root: JsonSchema = schema,
  around?: Way,
): FormField[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties)
    .filter((entry): entry is [string, JsonObject] => isObject(entry[1]))
    .map(([name, field]) => {
      const own = resolve(field, root)
      return readField(name, own, required.includes(name), written, root, around)
    })
}

function readField(
  name: string,
  schema: JsonSchema,
  isRequired: boolean,
  written: Readonly<Record<string, Way>>,
  root: JsonSchema,
  around: Way | undefined,
): FormField {
  const way = written[name] ?? around
  const form = isObject(schema['x-form']) ? schema['x-form'] : {}
  const choices = (form['choices'] as Choice[] | undefined) ?? listChoices(schema)
  const kind = kindOf(schema, way, form['control'], choices)
  const examples = schema['examples']
  return {
    name,
    label: labelOf(name, schema),
    hint: joinHints(descriptionOf(schema), describeDefault(schema, kind)),
    isRequired: isRequired || form['isRequired'] === true,
    kind,
    way,
    schema: kind === 'form' && isObject(root['$defs']) ? { ...schema, $defs: root['$defs'] } : schema,
    fields: kind === 'group' ? listFields(schema, within(name, written), root, way) : [],
    choices,
    rows: typeof form['rows'] === 'number' ? form['rows'] : 1,
    unset: typeof form['unset'] === 'string' ? form['unset'] : undefined,
    example: Array.isArray(examples) ? examples[0] : undefined,
    section: form['section'] as SectionInfo | undefined,
    onlyWith: form['onlyWith'] as FormField['onlyWith'],
    isInherited: form['isInherited'] === true,
  }
}

/** How the fields of an object inside the config are written: `event.match`. */
function within(name: string, written: Readonly<Record<string, Way>>): Record<string, Way> {
  const inner = Object.entries(written).filter(([field]) => field.startsWith(`${name}.`))
  return Object.fromEntries(inner.map(([field, way]) => [field.slice(name.length + 1), way]))
}

function listChoices(schema: JsonSchema): Choice[] {
  const values = Array.isArray(schema['enum']) ? schema['enum'] : []
  return values.map((value) => ({ value, label: typeof value === 'string' ? value : JSON.stringify(value) }))
}

function kindOf(
  schema: JsonSchema,
  way: Way | undefined,
  control: Json | undefined,
  choices: readonly Choice[],
): Kind {
  const own = CONTROLS.find((kind) => kind === control)
  if (own) return own
  if (choices.length > 0) return 'choice'
  const found = controlFor(schema)
  switch (way) {
    case 'schema':
      return 'schema'
    case 'expression':
      return 'expression'
    case 'expression_or_template':
      return 'loose'
    case 'template':
      if (found.kind === 'fields') return 'group'
      if (found.kind === 'list') return found.items['type'] === 'string' ? 'lines' : 'value'
      return schema['type'] === 'string' ? 'template' : 'value'
  }
  if (found.kind === 'fields') return 'group'
  if (isObject(schema['additionalProperties']) && schema['additionalProperties']['type'] === 'string')
    return 'pairs'
  return found.kind === 'list' || found.kind === 'json' ? 'form' : 'scalar'
}

const CONTROLS = [
  'database',
  'duration',
  'function',
  'markdown',
  'mcp_server',
  'named_input',
  'node',
] as const

function describeDefault(schema: JsonSchema, kind: Kind): string | undefined {
  const value = schema['default']
  if (kind !== 'scalar' || value === undefined || value === '') return undefined
  return `${sayDefault(value)} unless given.`
}

function sayDefault(value: Json): string {
  if (typeof value === 'number') return value.toLocaleString('en')
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function joinHints(...hints: (string | undefined)[]): string | undefined {
  return hints.filter(Boolean).join(' ') || undefined
}

/** Whether a field is shown: it counts as the config is, or something is set. */
export function isShown(field: FormField, fields: readonly FormField[], config: JsonObject): boolean {
  return config[field.name] !== undefined || counts(field, fields, config)
}

function counts({ onlyWith }: FormField, fields: readonly FormField[], config: JsonObject): boolean {
  if (!onlyWith) return true
  const given = config[onlyWith.field]
  if (onlyWith.values.length === 0) return given !== undefined
  const value = given ?? fields.find(({ name }) => name === onlyWith.field)?.schema['default']
  return value !== undefined && onlyWith.values.some((one) => areEqual(one, value))
}

/** What a change of one field takes along: the fields that counted with its old value only. */
export function followChange(
  fields: readonly FormField[],
  config: JsonObject,
  name: string,
  value: Json | undefined,
): Record<string, Json | undefined> {
  const { [name]: _, ...others } = config
  const next = value === undefined ? others : { ...others, [name]: value }
  const dropped = fields.filter(
    (field) =>
      field.onlyWith?.field === name &&
      field.onlyWith.values.length > 0 &&
      config[field.name] !== undefined &&
      !counts(field, fields, next),
  )
  return { [name]: value, ...Object.fromEntries(dropped.map((field) => [field.name, undefined])) }
}

/** The value in the words of its field. */
export function describeValue({ kind, choices }: FormField, value: Json): string {
  const chosen = choices.find((choice) => areEqual(choice.value, value))
  if (chosen) return chosen.label
  if (kind === 'duration' && typeof value === 'number') return formatDuration(value)
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What is set, in a few words; '' for nothing. */
export function summarizeFields(fields: readonly FormField[], config: JsonObject): string {
  return fields
    .flatMap((field) => {
      const value = config[field.name]
      if (value === undefined) return []
      if (field.kind === 'group') return summarizeFields(field.fields, isObject(value) ? value : {}) || []
      return `${field.label}: ${describeValue(field, value)}`
    })
    .join(', ')
}

/** Fields side by side: numbers and choices that follow each other, two by two. */
export function pairUp(fields: readonly FormField[]): FormField[][] {
  const rows: FormField[][] = []
  for (const field of fields) {
    const row = rows.at(-1)
    const [before] = row ?? []
    if (row?.length === 1 && before && isNarrow(before) && isNarrow(field)) row.push(field)
    else rows.push([field])
  }
  return rows
}

function isNarrow({ kind, schema }: FormField): boolean {
  return (
    kind === 'choice' || (kind === 'scalar' && (schema['type'] === 'number' || schema['type'] === 'integer'))
  )
}

/** The fields without a section, and the sections in the order in which they first come. */
export function groupBySection(fields: readonly FormField[]): {
  bare: FormField[]
  sections: { section: SectionInfo; fields: FormField[] }[]
} {
  const bare: FormField[] = []
  const sections: { section: SectionInfo; fields: FormField[] }[] = []
  for (const field of fields) {
    const known = sections.find(({ section }) => section.title === field.section?.title)
    if (!field.section) bare.push(field)
    else if (known) known.fields.push(field)
    else sections.push({ section: field.section, fields: [field] })
  }
  return { bare, sections }
}
