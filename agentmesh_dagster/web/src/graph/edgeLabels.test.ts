import { describe, expect, it } from 'vitest'
import type { GraphNode } from '../api/types'
import { setCondition, setOn } from './edits'
import { layOut } from './layout'
import { graphOf, node } from './samples'
import { walk } from './walk'
import { labelEdges } from './edgeLabels'

function labels(
  type: GraphNode['type'],
  config: GraphNode['config'],
  conditions: (string | undefined)[],
): (string | undefined)[] {
  const ways = conditions.map((_, at) => `b>n${at}`).join(' ')
  let graph = graphOf(`start>b ${ways}`, [node('b', type, config)])
  for (const [at, condition] of conditions.entries())
    graph = setCondition(graph, `e${at + 2}`, condition ?? '')
  const found = labelEdges(graph)
  return conditions.map((_, at) => found.get(`e${at + 2}`))
}

describe('when a way is taken', () => {
  it('says which are for a failure, and for either end', () => {
    const graph = setOn(setOn(graphOf('a>b a>c a>d'), 'e2', 'error'), 'e3', 'always')
    expect([...labelEdges(setCondition(graph, 'e2', 'context.error.code == "timeout"'))]).toEqual([
      ['e2', 'on error: error.code == "timeout"'],
      ['e3', 'always'],
    ])
  })

  it.each([
    ['branch', {}, ['a', undefined, 'b'], ['1. a', 'otherwise', '2. b']],
    ['branch', {}, ['a', undefined], ['a', 'otherwise']],
    [
      'branch',
      {},
      ['context.last_output.score > 1 && context.input.x', undefined],
      ['score > 1 && input.x', 'otherwise'],
    ],
    ['branch', { condition: 'context.input.kind' }, ['"x"', undefined], ['= "x"', 'otherwise']],
    ['branch', { mode: 'all' }, ['a', undefined], ['a', 'always']],
    ['branch', { mode: 'each' }, [undefined], ['for each item']],
    ['human_approval', {}, [undefined], [undefined]],
    ['human_approval', {}, ['a', undefined], ['a', 'otherwise']],
    ['agent', {}, [undefined, undefined], [undefined, undefined]],
  ] as const)('%s %j', (type, config, conditions, expected) => {
    expect(labels(type, config, [...conditions])).toEqual(expected)
  })
})

describe('walking by arrow keys', () => {
  const graph = graphOf('start>a start>b a>c b>c c>end')
  const positions = layOut(graph)
  const go = (from: string, direction: 'Right' | 'Left' | 'Up' | 'Down') =>
    walk(graph, positions, from, `Arrow${direction}`)
  it('follows the edges to the right and to the left', () => {
    expect(go('c', 'Right')).toBe('end')
    expect(go('a', 'Left')).toBe('start')
    expect(['a', 'b']).toContain(go('start', 'Right'))
  })
  it('goes between arms up and down, and stays at the border', () => {
    const [upper, lower] =
      (positions.get('a')?.y ?? 0) < (positions.get('b')?.y ?? 0) ? ['a', 'b'] : ['b', 'a']
    expect(go(upper, 'Down')).toBe(lower)
    expect(go(lower, 'Up')).toBe(upper)
    expect(go('end', 'Right')).toBeUndefined()
  })
  it('begins at the first node', () => {
    expect(go('', 'Right')).toBe('start')
  })
})
