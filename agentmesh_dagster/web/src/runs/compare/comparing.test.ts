import { describe, expect, it } from 'vitest'
import type { Step } from '../../api/types'
import { node } from '../../graph/samples'
import { isSameValue, pairSteps, writeLines } from './comparing'

function step(nodeId: string, more: Partial<Step> = {}): Step {
  return {
    id: `${nodeId}${more.path ?? ''}`,
    runId: 'r',
    workflowId: 'w',
    nodeId,
    nodeType: 'tool',
    status: 'succeeded',
    parentStepIds: [],
    caught: false,
    usedFallback: false,
    attempt: 1,
    path: '',
    output: nodeId,
    ...more,
  }
}

describe('the steps of two runs', () => {
  const nodes = [node('start', 'start'), node('a', 'tool'), node('b', 'tool')]

  it('stand beside each other at their places, in the order of the graph and of the items', () => {
    const ones = [step('a', { path: '[10]' }), step('a', { path: '[9]' }), step('start'), step('gone')]
    const others = [step('b'), step('a', { path: '[9]' })]
    const pairs = pairSteps(nodes, ones, others)
    expect(pairs.map(({ key, difference }) => [key, difference])).toEqual([
      ['start ', 'first only'],
      ['a [9]', undefined],
      ['a [10]', 'first only'],
      ['b ', 'second only'],
      ['gone ', 'first only'],
    ])
    expect(pairs.at(-1)?.node).toBeUndefined()
  })
  it('differ by their status, else by their output or error', () => {
    const told = (one: Partial<Step>, other: Partial<Step>) =>
      pairSteps(nodes, [step('a', one)], [step('a', other)])[0]?.difference
    expect(told({ output: { x: 1, y: 2 } }, { output: { y: 2, x: 1 } })).toBeUndefined()
    expect(told({ output: 1 }, { output: 2 })).toBe('output')
    expect(told({ status: 'failed' }, {})).toBe('status')
    expect(told({ status: 'failed', error: 'x' }, { status: 'failed', error: 'y' })).toBe('output')
  })
})

describe('values', () => {
  it('that came cut are the same if they are as long and begin alike', () => {
    const cut = (chars: number, preview: string) => ({ cut: { output: { chars, preview } } })
    expect(isSameValue(cut(9, '[1'), cut(9, '[1'), 'output')).toBe(true)
    expect(isSameValue(cut(9, '[1'), cut(9, '[2'), 'output')).toBe(false)
    expect(isSameValue(cut(9, '[1'), { output: 1 }, 'output')).toBe(false)
  })
  it('are compared as lines: a text as it is, JSON with a field on each line', () => {
    expect(writeLines('a\nb')).toBe('a\nb')
    expect(writeLines({ x: [1] })).toBe('{\n  "x": [\n    1\n  ]\n}')
    expect(writeLines(undefined)).toBe('')
  })
})
