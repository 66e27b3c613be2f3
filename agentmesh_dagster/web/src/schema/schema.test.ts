import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../api/types'
import { canShow, controlFor, findFaults, initialValue, labelOf } from './form'
import { areEqual, readBeginning, readJson, summarize, writePath } from './json'
import { listProperties, withProperties } from './properties'

const TICKET: JsonSchema = {
  type: 'object',
  required: ['subject', 'count', 'who'],
  properties: {
    subject: { type: 'string', default: 'Hello' },
    count: { type: 'integer', minimum: 0 },
    plan: { enum: ['free', 'team'] },
    due: { type: ['string', 'null'], format: 'date' },
    who: { $ref: '#/$defs/person' },
    tags: { type: 'array', items: { type: 'string' } },
    free: {},
  },
  $defs: {
    person: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, age: { type: 'number', default: 3 } },
    },
  },
}

describe('a form', () => {
  it('chooses a control for each schema', () => {
    const control = controlFor(TICKET)
    const kinds = control.kind === 'fields' ? control.fields.map(({ schema }) => controlFor(schema).kind) : []
    expect(kinds).toEqual(['text', 'integer', 'choice', 'date', 'json', 'list', 'json'])
    expect(controlFor({ type: 'string', default: 'a\nb' }).kind).toBe('long-text')
    expect(controlFor({ type: 'object' }).kind).toBe('json')
    expect(controlFor({ oneOf: [] }).kind).toBe('json')
  })
  it('starts with the defaults', () => {
    expect(initialValue(TICKET)).toEqual({ subject: 'Hello', who: { age: 3 } })
  })
  it('says what is missing and what does not fit, each at its place', () => {
    const faults = findFaults(TICKET, {
      subject: 7,
      count: 1.5,
      who: { age: 'x' },
      tags: ['a', 3],
      due: null,
    })
    expect(Object.fromEntries(faults)).toEqual({
      '$.subject': 'This must be of type string.',
      '$.count': 'This must be an integer.',
      '$.who.name': 'Required.',
      '$.who.age': 'This must be of type number.',
      '$.tags[1]': 'This must be of type string.',
    })
    expect(findFaults(TICKET, { subject: '', count: -1, who: { name: 'x' } }).get('$.count')).toBe(
      'This must be at least 0.',
    )
  })
  it('is not offered for a value of which it would hide something', () => {
    expect(canShow(TICKET, { subject: 'x' })).toBe(true)
    expect(canShow(TICKET, { other: 1 })).toBe(false)
    expect(canShow(TICKET, 'text')).toBe(false)
    expect(canShow({}, undefined)).toBe(false)
  })
  it('does not run away on a schema that refers to itself', () => {
    const loop: JsonSchema = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }
    expect(controlFor(loop).kind).toBe('json')
    const tree: JsonSchema = {
      $ref: '#/$defs/n',
      $defs: { n: { type: 'object', required: ['n'], properties: { n: { $ref: '#/$defs/n' } } } },
    }
    expect(initialValue(tree)).toBeDefined()
  })
  it('makes labels from names', () => {
    expect([labelOf('dueDate', {}), labelOf('first_name', {}), labelOf('x', { title: 'An X' })]).toEqual([
      'Due date',
      'First name',
      'An X',
    ])
  })
})

describe('the schema editor', () => {
  it('keeps what it does not show', () => {
    const schema: JsonSchema = {
      title: 'T',
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string', pattern: 'x' } },
      additionalProperties: false,
    }
    const rows = listProperties(schema) ?? []
    expect(withProperties(schema, rows)).toEqual(schema)
  })
  it('drops what means nothing for another type', () => {
    const [row] =
      listProperties({ type: 'object', properties: { a: { type: 'string', pattern: 'x', title: 'A' } } }) ??
      []
    if (!row) throw new Error('no row')
    expect(withProperties({}, [{ ...row, type: 'number', isRequired: true }])).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'number', title: 'A' } },
    })
  })
  it('leaves schemas to JSON that rows cannot show', () => {
    expect(listProperties({ type: 'array' })).toBeUndefined()
    expect(listProperties({ type: 'object', properties: { a: true } })).toBeUndefined()
    expect(listProperties({})).toEqual([])
  })
})

describe('JSON', () => {
  it('tells where text stops being JSON', () => {
    expect(readJson('{"a": 1}')).toEqual({ value: { a: 1 } })
    expect(readJson('{\n  "a": tru\n}')).toMatchObject({ fault: { line: 2, column: 8 } })
    expect(readJson('{"a": ')).toMatchObject({
      fault: { message: 'The JSON is not complete.', line: 1, column: 7 },
    })
    expect(readJson('[1, 2,]')).toMatchObject({
      fault: { message: 'There is a comma too many before ].', column: 7 },
    })
    expect(readJson("{'a': 1}")).toMatchObject({
      fault: { message: expect.stringContaining('double quotes') as string, column: 2 },
    })
    expect(readJson('{"a" 1}')).toMatchObject({
      fault: { message: expect.stringContaining('colon') as string, column: 6 },
    })
    expect(readJson('1 2')).toMatchObject({
      fault: { message: expect.stringContaining('has ended') as string, column: 3 },
    })
    expect(readJson('{"a": "x\ny"}')).toMatchObject({ fault: { line: 1, column: 7 } })
    expect(readJson('')).toMatchObject({ fault: { message: 'The JSON is not complete.' } })
  })
  it('writes places and summaries', () => {
    expect(writePath(['a', 2, 'b c'])).toBe('$.a[2]["b c"]')
    expect(summarize({ a: 'x', b: [1, 2], c: 'y'.repeat(500) }, 30)).toHaveLength(30)
    expect(summarize('a\n b')).toBe('a b')
  })
  it('compares by value', () => {
    expect(areEqual({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true)
    expect(areEqual({ a: undefined as unknown as null }, { b: 1 })).toBe(false)
    expect(areEqual([1], { 0: 1 })).toBe(false)
  })
})

describe('a JSON text that was cut off', () => {
  it.each([
    ['{"who":"Ada","text":"It begi', 'who: Ada, text: It begi'],
    ['{"tables":[{"name":"orders","ro', 'tables: [{"name":"orders"}]'],
    ['{"a":1,"b":', 'a: 1'],
    ['{"a":[1,2', 'a: [1,2]'],
  ])('%s', (text, expected) => {
    expect(summarize(readBeginning(text))).toBe(expected)
  })
})
