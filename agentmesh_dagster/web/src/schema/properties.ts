/** The rows of a schema editor: the properties of an object schema, with all that is not shown kept as it is. */
import type { Json, JsonObject, JsonSchema } from '../api/types'
import { isObject } from './json'

export type PropertyType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'any'
export const PROPERTY_TYPES: readonly PropertyType[] = [
  'string',
  'number',
  'integer',
  'boolean',
  'array',
  'object',
  'any',
]

export interface Property {
  name: string
  type: PropertyType
  isRequired: boolean
  description: string
  schema: JsonSchema
}

/** The properties as rows; undefined where rows could not show what the schema says. */
export function listProperties(schema: JsonSchema): Property[] | undefined {
  if (Object.keys(schema).length === 0) return []
  if (schema['type'] !== 'object' && !isObject(schema['properties'])) return undefined
  const properties = schema['properties'] ?? {}
  if (!isObject(properties)) return undefined
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const rows: Property[] = []
  for (const [name, field] of Object.entries(properties)) {
    if (!isObject(field)) return undefined
    const type = readType(field)
    if (type === undefined) return undefined
    const description = typeof field['description'] === 'string' ? field['description'] : ''
    rows.push({ name, type, isRequired: required.includes(name), description, schema: field })
  }
  return rows
}

/** The schema with these rows; what else it says stays. */
export function withProperties(schema: JsonSchema, rows: readonly Property[]): JsonSchema {
  const { type: _, properties: __, required: ___, ...others } = schema
  const required = rows.filter((row) => row.isRequired).map((row) => row.name)
  return {
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(rows.map((row) => [row.name, writeProperty(row)])),
    ...others,
  }
}

/** A name that no row has yet. */
export function newPropertyName(rows: readonly Property[]): string {
  const used = new Set(rows.map((row) => row.name))
  let number = rows.length + 1
  while (used.has(`field_${number}`)) number += 1
  return `field_${number}`
}

function writeProperty({ type, description, schema }: Property): JsonSchema {
  const { type: oldType, description: _, ...others } = schema
  const kept: JsonObject = isSameType(oldType, type) ? others : dropTypeBound(others)
  return {
    ...(type === 'any' ? {} : { type: isSameType(oldType, type) ? (oldType ?? type) : type }),
    ...(description ? { description } : {}),
    ...kept,
  }
}

function isSameType(written: Json | undefined, type: PropertyType): boolean {
  return written === undefined
    ? type === 'any'
    : written === type || (Array.isArray(written) && written.includes(type))
}

/** Without the keywords that mean something for one type only. */
function dropTypeBound(schema: JsonObject): JsonObject {
  const bound = [
    'items',
    'properties',
    'required',
    'format',
    'pattern',
    'enum',
    'default',
    'minimum',
    'maximum',
    'minLength',
    'maxLength',
  ]
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !bound.includes(name)))
}

function readType(field: JsonSchema): PropertyType | undefined {
  const type = field['type']
  const one = Array.isArray(type) ? type.find((each) => each !== 'null') : type
  if (one === undefined) return 'any'
  return PROPERTY_TYPES.find((known) => known === one)
}
