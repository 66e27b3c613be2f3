import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../api/types'
import { nodeFields } from '../types/types'
import { followChange, groupBySection, isShown, listFields, pairUp, summarizeFields } from './fields'

const names = (fields: readonly { name: string }[]) => fields.map(({ name }) => name)

describe('the kind of a field', () => {
  it.each([
    ['of an agent', 'agent', { prompt: 'template', outputSchema: 'schema', temperature: 'scalar' }],
    ['of a branch', 'branch', { mode: 'choice', condition: 'expression', items: 'loose', join: 'node' }],
    ['of a gate', 'human_approval', { instructions: 'markdown', assignees: 'lines', notify: 'group' }],
    ['of a wait', 'wait', { seconds: 'value', event: 'group', callback: 'scalar', onTimeout: 'choice' }],
    ['of every node', 'end', { retry: 'group', timeoutSeconds: 'duration', pool: 'scalar', output: 'value' }],
  ] as const)('follows from its schema and from how it is written: %s', (_, type, kinds) => {
    const found = Object.fromEntries(nodeFields(type).map(({ name, kind }) => [name, kind]))
    expect(found).toMatchObject(kinds)
  })
  it('follows from how it is written inside of an object too', () => {
    const event = nodeFields('wait').find(({ name }) => name === 'event')
    expect(event?.fields.map(({ name, kind }) => [name, kind])).toEqual([
      ['name', 'scalar'],
      ['match', 'expression'],
    ])
  })
  it('is a form where nothing else fits, and pairs for names and texts', () => {
    const config = {
      properties: {
        steps: { type: 'array', items: { $ref: '#/$defs/Step' } },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        anything: {},
      },
      $defs: { Step: { type: 'object', properties: { at: { type: 'integer' } } } },
    }
    const fields = listFields(config)
    expect(fields.map(({ kind }) => kind)).toEqual(['form', 'pairs', 'form'])
    expect(fields[0]?.schema['$defs']).toBeDefined() // what its items refer to
  })
})

it.each([
  [{ type: 'integer', default: 1000, description: 'At most.' }, 'At most. 1,000 unless given.'],
  [{ type: 'boolean', default: false }, 'No unless given.'],
  [{ type: 'string', default: 'UTC' }, 'UTC unless given.'],
  [{ enum: ['a', 'b'], default: 'a' }, undefined], // it is seen to be chosen
  [{ type: 'string' }, undefined],
])('a hint says what counts anyway: %j', (schema, hint) => {
  expect(listFields({ properties: { field: schema } })[0]?.hint).toBe(hint)
})

describe('fields that count with others only', () => {
  const fields = nodeFields('branch')
  const shown = (config: JsonObject) => names(fields.filter((field) => isShown(field, fields, config)))

  it('are shown with them, or once they are set', () => {
    expect(shown({})).toContain('onNoMatch') // the default counts
    expect(shown({})).not.toContain('items')
    expect(shown({ mode: 'each' })).toEqual(expect.arrayContaining(['items', 'maxItems', 'join']))
    expect(shown({ mode: 'all', onNoMatch: 'end' })).toContain('onNoMatch')
  })
  it('go when the other changes', () => {
    const config = { mode: 'each', items: 'context.input.items', retry: { maxAttempts: 2 } }
    expect(followChange(fields, config, 'mode', 'all')).toEqual({ mode: 'all', items: undefined })
    expect(followChange(fields, config, 'items', 'x')).toEqual({ items: 'x' })
  })
  it('stay while the other is only being typed', () => {
    const gate = nodeFields('human_approval')
    const config = { deadlineSeconds: 60, onDeadline: 'approve' }
    expect(followChange(gate, config, 'deadlineSeconds', undefined)).toEqual({ deadlineSeconds: undefined })
  })
})

it('says what is set in the words of the form', () => {
  const fields = nodeFields('human_approval')
  expect(
    summarizeFields(fields, {
      retry: { maxAttempts: 3, backoff: 'linear' },
      deadlineSeconds: 7200,
      onDeadline: 'reject',
    }),
  ).toBe('Max attempts: 3, Backoff: Linear, Deadline after: 2 hours, On deadline: Reject')
  expect(summarizeFields(fields, { retry: {} })).toBe('')
})

it('puts narrow fields side by side, and what is needed less often into sections', () => {
  const { bare, sections } = groupBySection(nodeFields('agent'))
  expect(names(bare)).toEqual(['prompt', 'outputSchema'])
  expect(sections.map(({ section }) => section.title)).toEqual([
    'Retries, timeout, pool',
    'If it fails',
    'Budget',
    'Overrides',
  ])
  expect(pairUp(sections[3]?.fields ?? []).map(names)).toEqual([
    ['systemPrompt'],
    ['modelName'],
    ['connection'],
    ['options'],
    ['temperature', 'maxTokens'],
    ['maxToolRounds', 'onTooManyRounds'],
  ])
})
