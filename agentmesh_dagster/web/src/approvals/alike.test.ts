import { expect, it } from 'vitest'
import type { Gate } from '../api/types'
import { answerPlainly, groupGates, summarizeOutcomes, whyNotPlainly } from './alike'

function gate(stepId: string, more: Partial<Gate> = {}): Gate {
  return {
    stepId,
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
const of = (stepId: string, backfillId?: string) => gate(stepId, { backfillId, asset: 'ai/brief' })

it('groups the gates of a backfill, and leaves alone what is alone', () => {
  const { backfills, others } = groupGates([of('a', 'x'), of('b'), of('c', 'y'), of('d', 'x')])
  expect(backfills.map(({ id, assets, gates }) => [id, assets, gates.map(({ stepId }) => stepId)])).toEqual([
    ['x', ['ai/brief'], ['a', 'd']],
  ])
  expect(others.map(({ stepId }) => stepId)).toEqual(['b', 'c'])
})

it('answers each gate with its own payload, and not one that asks for more', () => {
  expect(answerPlainly(gate('a', { payload: { text: 'A' } }), true, ' fine ')).toEqual({
    approved: true,
    comment: 'fine',
    payload: { text: 'A' },
  })
  expect(answerPlainly(gate('a', { payload: { text: 'A' } }), false, '')).toEqual({ approved: false })
  const form = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }
  expect(answerPlainly(gate('b', { schema: form }), true, '')).toBeUndefined()
  expect(whyNotPlainly(gate('b', { schema: form }), true, 'x')).toMatch('more than a yes or no')
  const more = { ...form, properties: { ...form.properties, approved: { type: 'boolean' } } }
  expect(answerPlainly(gate('c', { schema: more }), true, '')).toBeUndefined()
})

it('needs a comment where the gate does', () => {
  const schema = {
    type: 'object',
    properties: { approved: { type: 'boolean' }, comment: { type: 'string' } },
    required: ['approved', 'comment'],
  }
  expect(answerPlainly(gate('a', { schema }), false, '')).toBeUndefined()
  expect(whyNotPlainly(gate('a', { schema }), false, ' ')).toBe('It needs a comment.')
  expect(answerPlainly(gate('a', { schema }), false, 'no')).toEqual({ approved: false, comment: 'no' })
})

it('counts what became of the answers', () => {
  const asked = gate('a')
  const taken = { gate: asked, approved: true }
  expect(summarizeOutcomes([taken, taken, { ...taken, approved: false }, { ...taken, fault: 'late' }])).toBe(
    '2 approved, 1 rejected, 1 not taken',
  )
})
