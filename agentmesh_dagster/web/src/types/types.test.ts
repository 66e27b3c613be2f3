import { afterEach, expect, it } from 'vitest'
import type { NodeType, Types } from '../api/types'
import { toCanvas } from '../graph/canvas'
import { addNode, connect } from '../graph/edits'
import { graphOf, node } from '../graph/samples'
import { summarizeNode } from '../graph/summaries'
import { iconNamed } from '../ui/icons'
import types from './types.json'
import { edgesOf, nodeFields, nodeType, nodeTypes, setTypes } from './types'

const listed = types as unknown as Types
const LATER = 'delay' as NodeType // a type that this code has never heard of

afterEach(() => setTypes(listed))

it('knows each type that the server lists, and has an icon for it', () => {
  expect(nodeTypes().map(({ type }) => type)).toEqual(listed.nodes.map(({ type }) => type))
  for (const { type, icon } of nodeTypes()) {
    expect(nodeType(type).type).toBe(type)
    expect(iconNamed(icon)).toBe(icon)
  }
})

it('finds the words and limits of fields, and of fields inside of others', () => {
  const field = (type: NodeType, name: string) => nodeFields(type).find((one) => one.name === name)
  expect(field('agent', 'temperature')).toMatchObject({
    label: 'Temperature',
    kind: 'scalar',
    schema: { type: 'number', minimum: 0, maximum: 2 },
  })
  expect(field('branch', 'maxItems')?.hint).toBe('More than these fail the step. 1,000 unless given.')
  expect(field('end', 'retry')?.fields[0]).toMatchObject({ label: 'Max attempts', schema: { minimum: 1 } })
})

it.each([
  ['branch', {}, 'choice'],
  ['branch', { mode: 'each' }, 'items'],
  ['branch', { mode: 'no such' }, 'choice'],
  ['human_approval', {}, 'choice_if_asked'],
  ['agent', {}, 'all'],
  [LATER, {}, 'all'],
] as const)('knows what follows %s %j', (type, config, ports) => {
  expect(edgesOf(node('n', type, config)).ports).toBe(ports)
})

it('takes a type that came later as the server describes it', () => {
  const [first, ...others] = listed.nodes
  if (!first) throw new Error('no types')
  const later = {
    ...first,
    summary: undefined,
    type: LATER,
    label: 'Delay',
    icon: 'hourglass',
    stem: 'wait',
    place: 'between',
  }
  setTypes({ ...listed, nodes: [first, later as typeof first, ...others] })

  const { graph, node: added } = addNode(graphOf('start>end'), LATER)
  const canvas = toCanvas(connect(graph, 'start', added.id).graph, new Map())

  expect(added.id).toBe('wait')
  expect(canvas.nodes.at(-1)?.ariaLabel).toBe('Delay: wait')
  expect(summarizeNode(added, { agents: new Map(), tools: new Map(), workflows: new Map() })).toBe('Delay')
  expect(iconNamed(nodeType(LATER).icon)).toBe('node')
})

it('shows a type that the server does not list by its name', () => {
  const graph = graphOf('start>d d>end', [node('d', LATER)])

  expect(toCanvas(graph, new Map()).nodes[0]?.ariaLabel).toBe('delay: d')
  expect(iconNamed(nodeType(LATER).icon)).toBe('node')
})
