import { afterEach, expect, it } from 'vitest'
import type { NodeType, Types } from '../api/types'
import { toCanvas } from '../graph/canvas'
import { addNode, connect } from '../graph/edits'
import { graphOf, node } from '../graph/samples'
import { summarizeNode } from '../graph/summaries'
import { iconNamed } from '../ui/icons'
import types from './types.json'
import { configField, nodeType, nodeTypes, setTypes } from './types'

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

it('finds the limits of a field: of an optional one, and inside another', () => {
  expect(configField('agent', 'temperature')).toMatchObject({ type: 'number', minimum: 0, maximum: 2 })
  expect(configField('branch', 'maxItems')).toMatchObject({ type: 'integer', default: 1000 })
  expect(configField('end', 'retry.maxAttempts')).toMatchObject({ type: 'integer', minimum: 1 })
  expect(configField('end', 'retry.nothing.here')).toEqual({})
})

it('takes a type that came later as the server describes it', () => {
  const [first, ...others] = listed.nodes
  if (!first) throw new Error('no types')
  const later = { ...first, type: LATER, label: 'Delay', icon: 'hourglass', stem: 'wait', place: 'between' }
  setTypes({ ...listed, nodes: [first, later as typeof first, ...others] })

  const { graph, node: added } = addNode(graphOf('start>end'), LATER)
  const canvas = toCanvas(connect(graph, 'start', added.id).graph, new Map())

  expect(added.id).toBe('wait')
  expect(canvas.nodes.at(-1)?.ariaLabel).toBe('Delay: wait')
  expect(summarizeNode(added, { agents: new Map(), tools: new Map() })).toBe('Delay')
  expect(iconNamed(nodeType(LATER).icon)).toBe('node')
})

it('shows a type that the server does not list by its name', () => {
  const graph = graphOf('start>d d>end', [node('d', LATER)])

  expect(toCanvas(graph, new Map()).nodes[0]?.ariaLabel).toBe('delay: d')
  expect(iconNamed(nodeType(LATER).icon)).toBe('node')
})
