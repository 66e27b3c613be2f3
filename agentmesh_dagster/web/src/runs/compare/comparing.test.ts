import { describe, expect, it } from 'vitest'
import type { Step } from '../../api/types'
import { node } from '../../graph/samples'
import { choosePairs, compareValues, pairSteps, sumUp, writeLines } from './comparing'

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

function cut(chars: number, preview: string) {
  return { cut: { output: { chars, preview } } }
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

describe('steps with values that came cut', () => {
  const large = (nodeId: string) => step(nodeId, { ...cut(9, '[1'), output: undefined })

  it('are never told to be the same', () => {
    const pairs = pairSteps([], [large('a'), step('b')], [large('a'), step('b')])
    expect(pairs.map(({ difference }) => difference)).toEqual(['not compared', undefined])
    expect(sumUp(pairs)).toBe('No step is known to differ. 1 step looks the same, not compared as a whole.')
    const others = pairSteps([], [large('a'), large('c')], [large('a'), large('c'), step('b')])
    expect(sumUp(others)).toBe('1 step of 3 differ. 2 steps look the same, not compared as a whole.')
    expect(sumUp(pairSteps([], [step('b')], [step('b')]))).toContain('gave the same')
  })
})

describe('the pairs that are shown', () => {
  const item = (nodeId: string, at: number, output = 1) => step(nodeId, { path: `[${at}]`, output })
  const pairs = pairSteps(
    [node('a', 'tool'), node('b', 'tool')],
    [0, 1, 2].map((at) => item('a', at)).concat(item('b', 0)),
    [0, 1, 2].map((at) => item('a', at, 2)).concat(item('b', 0)),
  )
  const choose = (most: number, chosenId?: string, showsAll = false) => {
    const { shown, hidden } = choosePairs(pairs, { chosenId, showsAll, most })
    return [shown.map(({ key }) => key).join(', '), hidden]
  }

  it('are those that differ and those of the chosen node, or all', () => {
    expect(choose(9)).toEqual(['a [0], a [1], a [2]', 0])
    expect(choose(9, 'b')).toEqual(['a [0], a [1], a [2], b [0]', 0])
    expect(choose(9, undefined, true)).toEqual(['a [0], a [1], a [2], b [0]', 0])
  })
  it('are first those of the chosen node when not all have room', () => {
    expect(choose(2)).toEqual(['a [0], a [1]', 1])
    expect(choose(2, 'b')).toEqual(['b [0], a [0]', 2])
  })
})

describe('values', () => {
  it('that came cut only look the same if they are as long and begin alike', () => {
    expect(compareValues(cut(9, '[1'), cut(9, '[1'), 'output')).toBe('looks the same')
    expect(compareValues(cut(9, '[1'), cut(9, '[2'), 'output')).toBe('differs')
    expect(compareValues(cut(9, '[1'), { output: 1 }, 'output')).toBe('differs')
    expect(compareValues({ output: [1] }, { output: [1] }, 'output')).toBe('same')
  })
  it('differ if one of them does, whatever is known of the others', () => {
    const failed = (error: string) => ({ ...cut(9, '[1'), error })
    expect(compareValues(failed('x'), failed('x'), 'output', 'error')).toBe('looks the same')
    expect(compareValues(failed('x'), failed('y'), 'output', 'error')).toBe('differs')
  })
  it('are compared as lines: a text as it is, JSON with a field on each line', () => {
    expect(writeLines('a\nb')).toBe('a\nb')
    expect(writeLines({ x: [1] })).toBe('{\n  "x": [\n    1\n  ]\n}')
    expect(writeLines(undefined)).toBe('')
  })
})
