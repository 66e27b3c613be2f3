import { describe, expect, it } from 'vitest'
import type { Step } from '../../api/types'
import { graphOf, node } from '../../graph/samples'
import { hasAnswers, listEditable } from './forking'

function step(nodeId: string, status: Step['status'] = 'succeeded', path = ''): Step {
  return {
    id: `${nodeId}${path}`,
    runId: 'r',
    workflowId: 'w',
    nodeId,
    nodeType: 'tool',
    status,
    path,
    attempt: 1,
    parentStepIds: [],
    caught: false,
    usedFallback: false,
  }
}

describe('a fork', () => {
  const graph = graphOf('start>a a>gate gate>each each>b b>c c>end', [
    node('a', 'agent'),
    node('gate', 'human_approval'),
    node('each', 'branch', { mode: 'each' }),
    node('b', 'tool'),
    node('c', 'tool'),
  ])
  const steps = [step('start'), step('a'), step('gate'), step('each')]
  const items = [step('b', 'succeeded', '[0]'), step('b', 'failed', '[1]'), step('c', 'running', '[0]')]

  it('takes outputs of what stands before and only gives something: not of start, gates and branches', () => {
    const found = listEditable(graph, [...steps, ...items], 'gate', '')
    expect(found.map(({ node: { id } }) => id)).toEqual(['a'])
    expect(listEditable(graph, [step('a', 'skipped')], 'gate', '')).toEqual([])
  })
  it('inside an each takes those of the same item', () => {
    const found = listEditable(graph, [...steps, ...items], 'c', '[1]')
    expect(found.map((editable) => editable.step.id)).toEqual(['a', 'b[1]'])
    expect(listEditable(graph, [...steps, ...items], 'c', '').map((editable) => editable.step.id)).toEqual([
      'a',
    ])
  })
  it('in a loop takes those of the round that was played last before the step', () => {
    const loop = graphOf('start>a a>b b>a b>end', [node('a'), node('b')])
    const at = (nodeId: string, round: number, minute: number): Step => ({
      ...step(nodeId, 'succeeded', `#${round}`),
      startedAt: `2026-01-01T00:0${minute}:00Z`,
    })
    const played = [at('a', 1, 1), at('b', 1, 2), at('a', 2, 3), at('b', 2, 4)]
    const found = (nodeId: string, path: string) =>
      listEditable(loop, played, nodeId, path).map((editable) => editable.step.id)
    expect(found('b', '#1')).toEqual(['a#1'])
    expect(found('a', '#2')).toEqual(['b#1'])
    expect(found('end', '')).toEqual(['a#2', 'b#2'])
  })
  it('knows whether somebody has answered', () => {
    expect(hasAnswers(graph, steps)).toBe(true)
    expect(hasAnswers(graph, [step('gate', 'waiting_human')])).toBe(false)
    const timed = graphOf('start>a a>pause pause>end', [node('a'), node('pause', 'wait', { seconds: 5 })])
    expect(hasAnswers(timed, [step('start'), step('a'), step('pause')])).toBe(false)
  })
})
