/** The answer to a gate: what its schema asks for, and how the answer is put together. No React. */
import type { Gate, Json, JsonObject, JsonSchema } from '../api/types'
import { findFaults, initialValue, resolve } from '../schema/form'
import { areEqual, isObject, kindOf } from '../schema/json'

/** What a gate asks a person for. */
export type Question =
  | {
      kind: 'approval'
      hasComment: boolean
      isCommentNeeded: boolean
      /** Of the payload to edit; undefined where there is none, or the answer has no place for it. */
      payload: JsonSchema | undefined
      /** The schema's other fields, as a schema of their own. */
      others: JsonSchema | undefined
    }
  | { kind: 'form'; schema: JsonSchema } // the schema knows no `approved`: the form is the answer

/** What was typed. */
export interface Draft {
  comment: string
  payload: Json | undefined
  /** The other fields; of a form all of them. */
  fields: Json | undefined
}

const OWN = ['approved', 'comment', 'payload']

export function readQuestion(gate: Gate): Question {
  const schema = gate.schema
  if (schema === undefined || Object.keys(schema).length === 0) {
    return approval({ hasComment: true, payload: payloadSchema(gate.payload, undefined) })
  }
  const own = resolve(schema, schema)
  const properties = isObject(own['properties']) ? own['properties'] : {}
  const isOpen = own['additionalProperties'] !== false
  if (!('approved' in properties) && !(isOpen && Object.keys(properties).length === 0))
    return { kind: 'form', schema }
  const given = properties['payload']
  const asked = isObject(given) ? { ...given, ...definitionsOf(own) } : undefined
  return approval({
    hasComment: isOpen || 'comment' in properties,
    isCommentNeeded: requiredOf(own).includes('comment'),
    payload: asked || isOpen ? payloadSchema(gate.payload, asked) : undefined,
    others: othersOf(own, properties),
  })
}

/** What the form starts with: the payload, and fields of the same name in it. */
export function firstDraft(question: Question, gate: Gate): Draft {
  const schema = question.kind === 'form' ? question.schema : question.others
  const first = schema ? initialValue(schema) : undefined
  const known = schema && isObject(gate.payload) ? pick(gate.payload, fieldNames(schema)) : {}
  const fields = isObject(first)
    ? { ...first, ...known }
    : (first ?? (Object.keys(known).length > 0 ? known : undefined))
  return { comment: '', payload: gate.payload, fields }
}

/** The answer. A rejection brings the payload only where it was changed. */
export function writeAnswer(question: Question, draft: Draft, approved: boolean, gate: Gate): Json {
  if (question.kind === 'form') return draft.fields ?? {}
  const comment = draft.comment.trim()
  const isChanged = !areEqual(draft.payload, gate.payload)
  const hasPayload = question.payload !== undefined && draft.payload !== undefined && (approved || isChanged)
  return {
    approved,
    ...(isObject(draft.fields) ? draft.fields : {}),
    ...(comment && question.hasComment ? { comment } : {}),
    ...(hasPayload ? { payload: draft.payload ?? null } : {}),
  }
}

/** What is wrong with the answer, by place in it: `$.payload.amount`. The server checks all of it. */
export function findAnswerFaults(question: Question, draft: Draft): Map<string, string> {
  if (question.kind === 'form') return findFaults(question.schema, draft.fields ?? {})
  const faults = question.others ? findFaults(question.others, draft.fields ?? {}) : new Map<string, string>()
  if (question.payload) {
    for (const [place, fault] of findFaults(question.payload, draft.payload))
      faults.set(`$.payload${place.slice(1)}`, fault)
  }
  if (question.isCommentNeeded && draft.comment.trim() === '') faults.set('$.comment', 'Required.')
  return faults
}

/** The faults below a place, as if that were the whole value. */
export function faultsBelow(faults: ReadonlyMap<string, string>, name: string): Map<string, string> {
  const start = `$.${name}`
  return new Map(
    [...faults]
      .filter(([place]) => place.startsWith(start))
      .map(([place, fault]) => [`$${place.slice(start.length)}`, fault]),
  )
}

function approval(more: Partial<Extract<Question, { kind: 'approval' }>>): Question {
  return {
    kind: 'approval',
    hasComment: false,
    isCommentNeeded: false,
    payload: undefined,
    others: undefined,
    ...more,
  }
}

/** The schema by which the payload is edited: the author's, or one that fits what is there. */
function payloadSchema(payload: Json | undefined, asked: JsonSchema | undefined): JsonSchema | undefined {
  return asked ?? (payload === undefined ? undefined : schemaOf(payload))
}

/** A schema of which the value could be. Emptied texts stay texts, so that nothing behind the gate misses a field. */
export function schemaOf(value: Json): JsonSchema {
  switch (kindOf(value)) {
    case 'object': {
      const fields = Object.entries(isObject(value) ? value : {})
      return {
        type: 'object',
        required: fields.map(([name]) => name),
        properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(field)])),
      }
    }
    case 'array': {
      const [first] = Array.isArray(value) ? value : []
      return first === undefined || !isScalar(first) ? {} : { type: 'array', items: schemaOf(first) }
    }
    case 'null':
      return {}
    default:
      return { type: kindOf(value) }
  }
}

function othersOf(schema: JsonSchema, properties: JsonObject): JsonSchema | undefined {
  const names = Object.keys(properties).filter((name) => !OWN.includes(name))
  if (names.length === 0) return undefined
  const required = requiredOf(schema).filter((name) => names.includes(name))
  return { type: 'object', required, properties: pick(properties, names), ...definitionsOf(schema) }
}

function definitionsOf(schema: JsonSchema): JsonObject {
  return pick(schema, ['$defs', 'definitions'])
}

function requiredOf(schema: JsonSchema): string[] {
  const required = schema['required']
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []
}

function fieldNames(schema: JsonSchema): string[] {
  return isObject(schema['properties']) ? Object.keys(schema['properties']) : []
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)))
}

function isScalar(value: Json): boolean {
  return typeof value !== 'object' || value === null
}
