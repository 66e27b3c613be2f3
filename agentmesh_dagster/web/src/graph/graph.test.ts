import { describe, expect, it } from 'vitest'
import { fromCanvas, toCanvas } from './canvas'
import { copy, paste, readCopied } from './clipboard'
import { changeNode } from './edits'
import { beginHistory, record, redo, settle, undo } from './history'
import { completePositions, layOut, NODE_HEIGHT, NODE_WIDTH } from './layout'
import { readLayout, writeLayout } from './positions'
import { graphOf, node } from './samples'

describe('history', () => {
  it('goes back and forth, and forgets what was undone at the next change', () => {
    const three = record(record(beginHistory(1), 2), 3)
    const back = undo(undo(three))
    expect([back.present, redo(back).present, redo(redo(back)).present]).toEqual([1, 2, 3])
    expect(redo(record(back, 9)).present).toBe(9)
    expect(undo(beginHistory(1)).present).toBe(1)
  })
  it('undoes letters typed into one field together, and two visits to it one by one', () => {
    const typed = record(record(record(beginHistory(''), 'a', 'label'), 'ab', 'label'), 'abc', 'label')
    expect(undo(typed).present).toBe('')
    const twice = record(settle(typed), 'abcd', 'label')
    expect(undo(twice).present).toBe('abc')
  })
})

describe('copy and paste', () => {
  const graph = graphOf('start>a a>b b>end', [
    node('b', 'agent', { prompt: '{{ context.outputs.a.text }} {{ context.outputs.start.x }}' }),
  ])
  it('gives new ids, and lets the copies name each other', () => {
    const copied = readCopied(copy(graph, ['start', 'a', 'b']))
    const { graph: pasted, ids } = paste(graph, copied ?? graphOf(''))
    expect([...ids]).toEqual([
      ['b', 'b_2'],
      ['a', 'a_2'],
    ])
    expect(pasted.nodes.find((one) => one.id === 'b_2')?.config['prompt']).toBe(
      '{{ context.outputs.a_2.text }} {{ context.outputs.start.x }}',
    )
    expect(pasted.edges.slice(3)).toEqual([{ id: 'e4', fromNodeId: 'a_2', toNodeId: 'b_2' }])
    expect(new Set(pasted.nodes.map((one) => one.id)).size).toBe(pasted.nodes.length)
  })
  it('reads nothing from other text', () => {
    for (const text of ['', 'hello', '{"nodes": []}', 'null', '[1]']) expect(readCopied(text)).toBeUndefined()
  })
})

describe('canvas', () => {
  const graph = graphOf('start>a a>end')
  it('gives the graph back as it was', () => {
    expect(fromCanvas(toCanvas(graph, layOut(graph)))).toEqual(graph)
  })
  it('keeps what has not changed as the same object', () => {
    const positions = layOut(graph)
    const before = toCanvas(graph, positions)
    const after = toCanvas(changeNode(graph, 'a', { config: { prompt: 'x' } }), positions, before)
    expect(after.nodes[0]).toBe(before.nodes[0])
    expect(after.nodes[1]).not.toBe(before.nodes[1])
    expect(after.edges).toEqual(before.edges)
    expect(after.edges[0]).toBe(before.edges[0])
  })
})

describe('layout', () => {
  it('puts what runs later further right, and nothing on top of something else', () => {
    const graph = graphOf('start>a start>b a>c b>c c>end')
    const positions = layOut(graph)
    for (const { fromNodeId, toNodeId } of graph.edges) {
      expect(positions.get(toNodeId)?.x ?? 0).toBeGreaterThanOrEqual(
        (positions.get(fromNodeId)?.x ?? 0) + NODE_WIDTH,
      )
    }
    expect(Math.abs((positions.get('a')?.y ?? 0) - (positions.get('b')?.y ?? 0))).toBeGreaterThanOrEqual(
      NODE_HEIGHT,
    )
  })
  it('lays 200 nodes out, each in a place of its own', () => {
    const edges = Array.from({ length: 199 }, (_, at) => `n${Math.floor(at / 2)}>n${at + 1}`).join(' ')
    const places = [...layOut(graphOf(edges)).values()]
    expect(places).toHaveLength(200)
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(200)
  })
  it('leaves known places and finds room for new nodes', () => {
    const graph = graphOf('start>a start>b')
    const known = new Map([...layOut(graph)].filter(([id]) => id !== 'b'))
    known.set('a', layOut(graph).get('b') ?? { x: 0, y: 0 })
    const positions = completePositions(graph, known)
    expect(positions.get('a')).toEqual(known.get('a'))
    expect(positions.get('b')).not.toEqual(known.get('a'))
  })
  it('is written into the document in whole pixels, for nodes that are there', () => {
    const graph = graphOf('start>a')
    const layout = writeLayout(
      graph,
      new Map([
        ['a', { x: 1.4, y: -2.6 }],
        ['gone', { x: 0, y: 0 }],
      ]),
    )
    expect(layout).toEqual({ a: [1, -3] })
    expect(readLayout(layout)).toEqual(new Map([['a', { x: 1, y: -3 }]]))
    expect(readLayout(undefined).size).toBe(0)
  })
})
