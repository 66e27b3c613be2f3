import { describe, expect, it } from 'vitest'
import {
  addNode,
  changeConfig,
  connect,
  EMPTY_GRAPH,
  mayConnect,
  moveEdge,
  reconnect,
  remove,
  renameNode,
  setCondition,
  setMaxRounds,
  splitEdge,
} from './edits'
import { graphOf, node } from './samples'

const line = graphOf('start>a a>b b>end')

describe('connecting', () => {
  it('draws an edge with a new id', () => {
    const { graph, edge } = connect(line, 'start', 'b')
    expect(edge).toEqual({ id: 'e4', fromNodeId: 'start', toNodeId: 'b' })
    expect(graph.edges).toHaveLength(4)
    expect(line.edges).toHaveLength(3)
  })
  it('refuses edges into start, out of end and onto themselves', () => {
    for (const [from, to] of [
      ['a', 'start'],
      ['end', 'a'],
      ['a', 'a'],
      ['a', 'gone'],
    ] as const) {
      expect(mayConnect(line, from, to)).toBe(false)
      expect(connect(line, from, to).graph).toBe(line)
    }
  })
  it('gives only branches and gates a second edge to the same node', () => {
    const graph = graphOf('start>b b>a a>end', [node('b', 'branch')])
    expect(connect(graph, 'b', 'a').edge?.id).toBe('e4')
    expect(connect(graph, 'start', 'b').edge).toBeUndefined()
  })
})

describe('an edge that leads back', () => {
  const loop = connect(line, 'b', 'a').graph
  const back = loop.edges[3]!

  it('says how often at once', () => {
    expect(back).toEqual({ id: 'e4', fromNodeId: 'b', toNodeId: 'a', maxRounds: 10 })
  })
  it('makes no other edge of the loop one that leads back', () => {
    const { graph } = addNode(loop, 'agent')
    const inside = connect(connect(graph, 'a', 'agent').graph, 'agent', 'b')
    expect(inside.edge).not.toHaveProperty('maxRounds')
  })
  it('keeps its number where it leads back elsewhere, and loses it where it leads on', () => {
    const five = setMaxRounds(connect(graphOf('start>a a>b b>c c>end'), 'c', 'b').graph, 'e5', 5)
    expect(reconnect(five, 'e5', 'c', 'a').edges[4]).toMatchObject({ toNodeId: 'a', maxRounds: 5 })
    expect(reconnect(five, 'e5', 'a', 'end').edges[4]).not.toHaveProperty('maxRounds')
  })
  it('has a node put onto it: the second part leads back', () => {
    const { graph } = addNode(setMaxRounds(loop, 'e4', 5), 'agent')
    const split = splitEdge(graph, 'e4', 'agent').edges.slice(3)
    expect(split).toEqual([
      { id: 'e4', fromNodeId: 'b', toNodeId: 'agent' },
      { id: 'e5', fromNodeId: 'agent', toNodeId: 'a', maxRounds: 5 },
    ])
  })
})

describe('leading an edge elsewhere', () => {
  it('keeps its condition and its turn', () => {
    const graph = setCondition(graphOf('start>b b>x b>y x>z', [node('b', 'branch')]), 'e2', 'context.input.x')
    expect(reconnect(graph, 'e2', 'b', 'z').edges[1]).toEqual({
      id: 'e2',
      fromNodeId: 'b',
      toNodeId: 'z',
      condition: 'context.input.x',
    })
  })
  it('refuses what may not be connected, but turns an edge round', () => {
    expect(reconnect(line, 'e1', 'start', 'start')).toBe(line)
    expect(reconnect(line, 'e3', 'a', 'b')).toBe(line)
    expect(reconnect(line, 'e2', 'b', 'a').edges[1]).toEqual({ id: 'e2', fromNodeId: 'b', toNodeId: 'a' })
  })
})

describe('renaming a node', () => {
  const graph = graphOf('start>review review>end', [
    node('review'),
    node('end', 'end', {
      output: {
        a: '{{ context.outputs.review.score }} and context.outputs.review',
        b: ['{{context.outputs["review"]}}'],
      },
    }),
  ])
  it('follows in edges and in every template, and leaves plain text alone', () => {
    const renamed = renameNode(graph, 'review', 'second look')
    expect(renamed.edges.map((edge) => [edge.fromNodeId, edge.toNodeId])).toEqual([
      ['start', 'second look'],
      ['second look', 'end'],
    ])
    expect(renamed.nodes.find((one) => one.id === 'end')?.config).toEqual({
      output: {
        a: '{{ context.outputs["second look"].score }} and context.outputs.review',
        b: ['{{context.outputs["second look"]}}'],
      },
    })
  })
  it('leaves names alone that only begin the same', () => {
    const other = graphOf('start>review review>b', [
      node('b', 'agent', { prompt: '{{ context.outputs.review_2.x }}' }),
    ])
    expect(renameNode(other, 'review', 'r').nodes.find((one) => one.id === 'b')?.config['prompt']).toBe(
      '{{ context.outputs.review_2.x }}',
    )
  })
  it('follows in conditions and in the join of an each', () => {
    const each = graphOf('start>each each>work work>join', [
      node('each', 'branch', { mode: 'each', items: 'context.outputs.start', join: 'join' }),
    ])
    const withCondition = setCondition(each, 'e2', 'context.last_output.join == 1')
    const renamed = renameNode(renameNode(withCondition, 'join', 'all'), 'start', 'begin')
    expect(renamed.nodes.find((one) => one.id === 'each')?.config).toEqual({
      mode: 'each',
      items: 'context.outputs.begin',
      join: 'all',
    })
    expect(renamed.edges[1]?.condition).toBe('context.last_output.all == 1')
  })
  it('does nothing when the id is taken or empty', () => {
    expect(renameNode(graph, 'review', 'end')).toBe(graph)
    expect(renameNode(graph, 'review', ' ')).toBe(graph)
  })
})

describe('the rest', () => {
  it('gives new nodes readable ids', () => {
    const first = addNode(EMPTY_GRAPH, 'human_approval')
    const second = addNode(first.graph, 'human_approval')
    expect([first.node.id, second.node.id]).toEqual(['approval', 'approval_2'])
  })
  it('takes the edges of a removed node away', () => {
    expect(remove(line, { nodes: ['a'] })).toEqual({
      nodes: line.nodes.filter((one) => one.id !== 'a'),
      edges: [line.edges[2]],
    })
  })
  it('takes a config field away when it is undefined', () => {
    const graph = changeConfig(changeConfig(line, 'a', { prompt: 'x', maxTokens: 3 }), 'a', {
      prompt: undefined,
    })
    expect(graph.nodes.find((one) => one.id === 'a')?.config).toEqual({ maxTokens: 3 })
  })
  it('makes an edge with an empty condition the default', () => {
    const graph = setCondition(setCondition(line, 'e1', 'context.input.x'), 'e1', ' ')
    expect('condition' in (graph.edges[0] ?? {})).toBe(false)
  })
  it('moves an edge among those of the same node only', () => {
    const graph = graphOf('b>x a>y b>z')
    expect(moveEdge(graph, 'e1', 1).edges.map((edge) => edge.id)).toEqual(['e3', 'e2', 'e1'])
    expect(moveEdge(graph, 'e2', 1)).toBe(graph)
  })
})
