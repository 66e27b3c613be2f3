import { describe, expect, it } from 'vitest'
import type { Gate, Json, JsonSchema } from '../api/types'
import { faultsBelow, findAnswerFaults, firstDraft, readQuestion, schemaOf, writeAnswer } from './answer'
import { readServerFaults } from '../schema/serverFaults'
import { listChanges } from './changes'
import { keepDraft, readDraft } from './drafts'
import { nextGate, sortGates } from './order'

function gate(more: Partial<Gate> = {}): Gate {
  return {
    stepId: 's',
    runId: 'r',
    projectId: 'p',
    workflowId: 'w',
    workflow: 'W',
    nodeId: 'g',
    path: '',
    label: 'G',
    instructions: '',
    assignees: [],
    history: [],
    rounds: [],
    runHasFailed: false,
    openedAt: '2026-01-01T00:00:00Z',
    state: 'open',
    ...more,
  }
}

const LETTER = { text: 'Dear you,\nbye', amount: 3 }

describe('what a gate asks', () => {
  it('is approval, a comment and the payload where there is no schema', () => {
    const asked = gate({ payload: LETTER })
    const question = readQuestion(asked)
    expect(question).toMatchObject({ kind: 'approval', hasComment: true, others: undefined })
    const draft = { ...firstDraft(question, asked), comment: ' fine ' }
    expect(writeAnswer(question, draft, true, asked)).toEqual({
      approved: true,
      comment: 'fine',
      payload: LETTER,
    })
    expect(writeAnswer(question, draft, false, asked)).toEqual({ approved: false, comment: 'fine' })
    expect(writeAnswer(question, { ...draft, payload: { text: '' } }, false, asked)).toMatchObject({
      payload: { text: '' },
    })
  })
  it('follows a schema that is closed', () => {
    const schema: JsonSchema = {
      type: 'object',
      additionalProperties: false,
      required: ['approved'],
      properties: { approved: { type: 'boolean' } },
    }
    const asked = gate({ payload: LETTER, schema })
    const question = readQuestion(asked)
    expect(question).toMatchObject({ hasComment: false, payload: undefined })
    expect(writeAnswer(question, { ...firstDraft(question, asked), comment: 'x' }, true, asked)).toEqual({
      approved: true,
    })
  })
  it('has the schema’s other fields as a form, filled from the payload', () => {
    const schema: JsonSchema = {
      type: 'object',
      required: ['approved', 'amount', 'comment'],
      properties: {
        approved: { type: 'boolean' },
        amount: { type: 'number', maximum: 10 },
        comment: { type: 'string' },
        payload: { $ref: '#/$defs/p' },
      },
      $defs: {
        p: { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } },
      },
    }
    const asked = gate({ payload: { amount: 30, text: '' }, schema })
    const question = readQuestion(asked)
    const draft = firstDraft(question, asked)
    expect(draft.fields).toEqual({ amount: 30 })
    const faults = findAnswerFaults(question, draft)
    expect(Object.fromEntries(faults)).toEqual({
      '$.amount': 'This must be at most 10.',
      '$.payload.text': 'Required.',
      '$.comment': 'Required.',
    })
    expect([...faultsBelow(faults, 'payload')]).toEqual([['$.text', 'Required.']])
    expect(writeAnswer(question, { ...draft, comment: 'ok' }, true, asked)).toMatchObject({
      approved: true,
      amount: 30,
      comment: 'ok',
    })
  })
  it('is the whole form where the schema knows no approval', () => {
    const schema: JsonSchema = {
      type: 'object',
      required: ['choice'],
      properties: { choice: { enum: ['a', 'b'] } },
    }
    const asked = gate({ payload: { choice: 'b', other: 1 }, schema })
    const question = readQuestion(asked)
    expect(question.kind).toBe('form')
    const draft = firstDraft(question, asked)
    expect(writeAnswer(question, draft, true, asked)).toEqual({ choice: 'b' })
    expect(findAnswerFaults(question, { ...draft, fields: undefined }).get('$.choice')).toBe('Required.')
  })
  it('makes a form of what is there, and leaves to JSON what a form would spoil', () => {
    expect(schemaOf({ a: 'x', b: [1], c: [{ d: 1 }], e: null })).toEqual({
      type: 'object',
      required: ['a', 'b', 'c', 'e'],
      properties: { a: { type: 'string' }, b: { type: 'array', items: { type: 'number' } }, c: {}, e: {} },
    })
  })
  it('shows what the server says at its place', () => {
    expect([
      ...readServerFaults(
        "at $.payload.a: 3 is not of type 'string'; at $: 'approved' is a required property",
      ),
    ]).toEqual([
      ['$.payload.a', "3 is not of type 'string'"],
      ['$', "'approved' is a required property"],
    ])
    expect(readServerFaults('The database is away.').size).toBe(0)
  })
})

describe('what changed', () => {
  it.each<[Json | undefined, Json | undefined, [string, Json | undefined, Json | undefined][]]>([
    [LETTER, LETTER, []],
    [LETTER, { ...LETTER, amount: 4 }, [['$.amount', 3, 4]]],
    [
      { a: 1 },
      { b: 2 },
      [
        ['$.a', 1, undefined],
        ['$.b', undefined, 2],
      ],
    ],
    [[1, { x: 1 }], [1, { x: 2 }], [['$[1].x', 1, 2]]],
    [[1], [1, 2], [['$', [1], [1, 2]]]],
    [undefined, 1, [['$', undefined, 1]]],
  ])('%j → %j', (before, after, changes) => {
    expect(listChanges(before, after).map((change) => [change.place, change.before, change.after])).toEqual(
      changes,
    )
  })
})

describe('what waits', () => {
  const gates = [
    gate({ stepId: 'new', openedAt: '2026-01-03T00:00:00Z' }),
    gate({ stepId: 'theirs', assignees: ['bob'] }),
    gate({ stepId: 'mine', assignees: ['bob', 'ann'], openedAt: '2026-01-04T00:00:00Z' }),
    gate({ stepId: 'old', openedAt: '2026-01-02T00:00:00Z' }),
  ]
  it('is mine first, then the oldest', () => {
    const queues = sortGates(gates, 'ann')
    expect(queues.map(({ key, gates: own }) => [key, own.map(({ stepId }) => stepId)])).toEqual([
      ['mine', ['mine']],
      ['anybody', ['old', 'new']],
      ['others', ['theirs']],
    ])
    expect([
      nextGate(queues, 'old')?.stepId,
      nextGate(queues, 'theirs')?.stepId,
      nextGate(queues, 'gone')?.stepId,
    ]).toEqual(['new', 'mine', 'mine'])
    expect(nextGate(sortGates(gates.slice(0, 1), 'ann'), 'new')).toBeUndefined()
  })
})

it('drafts are kept, forgotten, and missing where there is no storage', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key),
  }
  const draft = { comment: 'x', payload: [1], fields: undefined }
  keepDraft('s', draft, storage)
  expect(readDraft('s', storage)).toEqual({ comment: 'x', payload: [1] })
  keepDraft('s', undefined, storage)
  expect(readDraft('s', storage)).toBeUndefined()
  expect(
    readDraft('s', {
      getItem: () => {
        throw new Error('denied')
      },
    }),
  ).toBeUndefined()
})
