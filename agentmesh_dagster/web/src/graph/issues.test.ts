import { describe, expect, it } from 'vitest'
import { findShownField, isInField, placeIssues, sortIssues, describeIssues } from './issues'
import { graphOf, node, workflowOf } from './samples'

const workflow = workflowOf(graphOf('start>a a>end'))
const place = (path: string, more = {}) =>
  placeIssues([{ code: 'x', message: 'm', path, ...more }], workflow)[0]

describe('placing', () => {
  it('ties a fault to the node or edge that stood at its place', () => {
    expect(place('$.graph.nodes[1].config.retry.maxAttempts')).toMatchObject({
      nodeId: 'a',
      field: 'config.retry.maxAttempts',
    })
    expect(place('$.graph.edges[1].condition', { nodeId: 'a' })).toEqual({
      issue: expect.anything() as unknown,
      edgeId: 'e2',
      field: 'condition',
      words: 'm',
    })
    expect(place('$.graph.nodes[1]')).toMatchObject({ nodeId: 'a', field: '' })
  })
  it('leaves the rest to the workflow', () => {
    expect(place('$.triggers[0].cron')).toMatchObject({ nodeId: undefined, field: 'triggers[0].cron' })
    expect(place('$.name')).toMatchObject({ field: 'name' })
  })
  it('sends the author to the field that mends the fault', () => {
    expect(place('$.graph.nodes[1]', { code: 'missing-agent-id' })).toMatchObject({ field: 'agentId' })
  })
  it.each([
    ['give it a condition, or set `mode: all`.', 'give it a condition, or set `Mode: All matches`.'],
    ['`onNoMatch` counts with `mode: first`.', '`If nothing matches` counts with `Mode: First match`.'],
    ['`condition` has no effect.', '`Switch on` has no effect.'],
    ['`items` comes before `config.join`.', '`items` comes before `Join`.'],
  ])('says in the words of the form: %s', (message, words) => {
    const graph = graphOf('start>b b>end', [node('b', 'branch')])
    const issue = { code: 'x', message, path: '$.graph.nodes[0].config.condition' }
    const [placed] = placeIssues([issue], workflowOf(graph))
    expect(placed?.words).toBe(words)
    expect(placed?.issue.message).toBe(message) // as YAML has it
  })
  it('says so of an edge by the node that it leaves', () => {
    const graph = graphOf('start>b b>end', [node('b', 'branch')])
    const issue = { code: 'x', message: 'Set `mode: all`.', path: '$.graph.edges[1]' }
    expect(placeIssues([issue], workflowOf(graph))[0]?.words).toBe('Set `Mode: All matches`.')
  })
  it('puts warnings behind errors', () => {
    const issues = placeIssues(
      [
        { code: 'a', message: 'odd', severity: 'warning' },
        { code: 'b', message: 'wrong', severity: 'error' },
      ],
      workflow,
    )
    expect(sortIssues(issues).map(({ issue }) => issue.message)).toEqual(['wrong', 'odd'])
  })
})

describe('fields', () => {
  it('hold what is inside of them, and not what only begins the same', () => {
    expect(isInField('config.output["a b"][0]', 'config.output')).toBe(true)
    expect(isInField('config.items', 'config.item')).toBe(false)
    expect(isInField('config', 'config.item')).toBe(false)
  })
  it('tell where inside of them the fault is', () => {
    const issues = [place('$.graph.nodes[1].config.output.a[0]'), place('$.graph.nodes[1].config.prompt')]
    const known = issues.filter((issue) => issue !== undefined)
    expect(describeIssues(known, 'config.output')).toBe('a[0]: m')
    expect(describeIssues(known, 'config.prompt')).toBe('m')
    expect(describeIssues(known, 'config.pool')).toBe('')
  })
  it('are found by the closest around a place', () => {
    const fields = ['config.retry', 'config.retry.maxAttempts', 'label']
    expect(findShownField('config.retry.maxAttempts', fields)).toBe('config.retry.maxAttempts')
    expect(findShownField('config.retry.jitter', fields)).toBe('config.retry')
    expect(findShownField('config.foo', fields)).toBeUndefined()
  })
})
