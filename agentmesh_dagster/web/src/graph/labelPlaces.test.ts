import { expect, it } from 'vitest'
import { placeLabels } from './labelPlaces'
import { labelEdges } from './edgeLabels'
import { layOut, NODE_HEIGHT, NODE_WIDTH } from './layout'
import { graphOf, node } from './samples'

const graph = graphOf('a>b b>c a>c a>c')
const positions = new Map([
  ['a', { x: 0, y: 0 }],
  ['b', { x: 300, y: 0 }],
  ['c', { x: 600, y: 0 }],
])

it('keeps labels clear of nodes and of each other', () => {
  const labels = new Map(graph.edges.map(({ id }) => [id, 'amount > 100']))
  const offsets = placeLabels(graph.edges, labels, positions)
  const middles = graph.edges.map(({ id, fromNodeId, toNodeId }) => {
    const [from, to] = [positions.get(fromNodeId), positions.get(toNodeId)]
    const offset = offsets.get(id)
    return {
      x: ((from?.x ?? 0) + NODE_WIDTH + (to?.x ?? 0)) / 2 + (offset?.x ?? NaN),
      y: NODE_HEIGHT / 2 + (offset?.y ?? NaN),
    }
  })
  for (const [at, { x, y }] of middles.entries()) {
    for (const place of positions.values()) {
      const isOver =
        Math.abs(x - place.x - NODE_WIDTH / 2) < NODE_WIDTH / 2 + 40 &&
        Math.abs(y - place.y - NODE_HEIGHT / 2) < NODE_HEIGHT / 2 + 12
      expect(isOver).toBe(false)
    }
    for (const other of middles.slice(at + 1))
      expect(Math.abs(x - other.x) < 80 && Math.abs(y - other.y) < 24).toBe(false)
  }
})

it('leaves a label in the middle of its edge where nothing is in the way', () => {
  const wide = new Map([
    ['a', { x: 0, y: 0 }],
    ['b', { x: 600, y: 0 }],
  ])
  const [edge] = graph.edges
  expect(placeLabels(edge ? [edge] : [], new Map([['e1', 'yes']]), wide).get('e1')).toEqual({
    x: 0,
    y: 0,
    width: 3 * 6.7 + 16,
  })
  expect(placeLabels(graph.edges, new Map(), positions).size).toBe(0)
})

it.each([
  ['near', undefined],
  ['from afar', { letter: 12.1, height: 30, widest: 260 }],
])('gives a label in a graph that was laid out all of its room on its edge, %s', (_, size) => {
  const each = graphOf('start>b b>c c>end', [node('b', 'branch', { mode: 'each' })])
  const places = placeLabels(each.edges, labelEdges(each), layOut(each), size)
  expect(places.get('e2')).toMatchObject({ y: 0, width: 13 * (size?.letter ?? 6.7) + 16 })
})

it('shortens a label to what is free between two nodes, rather than lay it over them', () => {
  const close = new Map([
    ['a', { x: 0, y: 0 }],
    ['b', { x: NODE_WIDTH + 100, y: 0 }],
  ])
  const [edge] = graph.edges
  const place = placeLabels(edge ? [edge] : [], new Map([['e1', 'amount > 1000']]), close).get('e1')
  expect(place).toMatchObject({ x: 0, y: 0 })
  expect(place?.width).toBeLessThan(100)
})
