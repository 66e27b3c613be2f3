import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NodeType, NodeTypeInfo, ToolType, Types } from '../../api/types'
import { ToolConfigForm } from '../../entities/ToolConfigForm'
import { toCanvas } from '../../graph/canvas'
import { changeConfig, findNode } from '../../graph/edits'
import { describeTarget } from '../../graph/entities'
import { placeIssues } from '../../graph/issues'
import { graphOf, workflowOf as makeWorkflow } from '../../graph/samples'
import types from '../../types/types.json'
import { setTypes } from '../../types/types'
import { Palette } from '../Palette'
import { addStep, beginEditing, changeGraph, graphOf as graphNow, select, workflowOf } from '../state'
import { createEditorStore } from '../store'
import type { EditorStore } from '../store'
import { EditorStoreContext } from '../useEditor'
import { NodeInspector } from './NodeInspector'
import { SubjectContext } from './PlacedField'

const listed = types as unknown as Types
const LATER = 'throttle' as NodeType // no code here knows it
const PATH = 'M3 8h10M8 3v10'

const throttle: NodeTypeInfo = {
  type: LATER,
  label: 'Throttle',
  purpose: 'Lets a few through at a time.',
  icon: PATH,
  tone: 'busy',
  summaryField: 'unit',
  stem: 'throttle',
  place: 'between',
  mayChoose: true,
  waits: false,
  asks: false,
  mode: 'unit',
  edges: [
    { mode: 'minute', ports: 'all', otherwise: 'always', isNumbered: false },
    {
      mode: 'day',
      ports: 'choice',
      hint: 'Whatever still fits today.',
      otherwise: 'tomorrow',
      isNumbered: false,
    },
  ],
  written: { key: 'expression', note: 'template' },
  config: {
    type: 'object',
    required: ['key'],
    properties: {
      key: {
        type: 'string',
        title: 'Key',
        description: 'What is counted.',
        examples: ['context.input.customer'],
      },
      rate: { type: 'integer', title: 'Rate', description: 'At most.', minimum: 1, default: 60 },
      unit: {
        enum: ['minute', 'day'],
        title: 'Per',
        default: 'minute',
        'x-form': {
          choices: [
            { value: 'minute', label: 'Minute' },
            { value: 'day', label: 'Day' },
          ],
        },
      },
      holidays: {
        type: 'array',
        items: { type: 'string' },
        title: 'Holidays',
        'x-form': { onlyWith: { field: 'unit', values: ['day'] } },
      },
      note: { title: 'Note', 'x-form': { unset: 'No note', section: { title: 'More', unset: 'nothing' } } },
    },
  },
}

beforeEach(() => setTypes({ ...listed, nodes: [...listed.nodes, throttle] }))
afterEach(() => setTypes(listed))

function show(store: EditorStore, what: ReactNode): string {
  return renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <EditorStoreContext value={store}>{what}</EditorStoreContext>
    </QueryClientProvider>,
  )
}

function showInspector(store: EditorStore): string {
  return show(
    store,
    <SubjectContext value={{ kind: 'node', id: 'throttle' }}>
      <NodeInspector id="throttle" />
    </SubjectContext>,
  )
}

/** An editor in which the node was put onto the only edge. */
function place(): EditorStore {
  const store = createEditorStore(beginEditing(makeWorkflow(graphOf('start>end'))))
  store.change((state) => addStep(select(state, [], ['e1']), LATER))
  return store
}

describe('a node type that came later', () => {
  it('is in the palette with its icon, its words and its colour', () => {
    const palette = show(place(), <Palette />)

    expect(palette).toContain('aria-label="Add Throttle"')
    expect(palette).toContain('Lets a few through at a time.')
    expect(palette).toContain(`d="${PATH}"`)
    expect(palette).toContain('--kind:var(--busy)')
  })

  it('is placed, wired and summarized', () => {
    const store = place()
    const graph = graphNow(store.get())
    const canvas = toCanvas(graph, new Map())
    const drawn = canvas.nodes.find(({ id }) => id === 'throttle')

    expect(graph.edges.map(({ fromNodeId, toNodeId }) => `${fromNodeId}>${toNodeId}`)).toEqual([
      'start>throttle',
      'throttle>end',
    ])
    expect(drawn?.ariaLabel).toBe('Throttle: throttle')
  })

  it('is configured by a form of its schema', () => {
    const form = showInspector(place())

    expect(form).toContain('Throttle')
    expect(form).toContain('What is counted.')
    expect(form).toContain('placeholder="context.input.customer"')
    expect(form).toMatch(/Rate<\/label><input[^>]*type="number"[^>]*min="1"/)
    expect(form).toContain('At most. 60 unless given.')
    expect(form).toMatch(/<option[^>]*>Minute<\/option><option[^>]*>Day<\/option>/)
    expect(form).not.toContain('Holidays')
    expect(form).toMatch(/More<\/span><span[^>]*>nothing<\/span>/)
    expect(form).toContain('No note')
    expect(form).toContain('Connect to')
  })

  it('shows what counts with a value, and says what follows then', () => {
    const store = place()
    store.change((state) => changeGraph(state, (graph) => changeConfig(graph, 'throttle', { unit: 'day' })))

    const form = showInspector(store)

    expect(form).toContain('Holidays')
    expect(form).toContain('Whatever still fits today.')
    expect(form).toContain('placeholder="Empty: tomorrow"')
  })

  it('shows at its fields what the server finds', () => {
    const store = place()
    const issue = {
      code: 'bad-config',
      message: 'A rate of 0 lets nobody through.',
      path: '$.graph.nodes[2].config.rate',
    }
    store.change((state) => ({ ...state, issues: placeIssues([issue], workflowOf(state)) }))

    expect(findNode(graphNow(store.get()), 'throttle')).toBe(graphNow(store.get()).nodes[2])
    expect(showInspector(store)).toMatch(
      /aria-invalid="true"[^>]*type="number".*A rate of 0 lets nobody through\./,
    )
  })
})

it('gives a tool type that came later a form of its own', () => {
  const queue = {
    type: 'queue' as ToolType,
    label: 'Queue',
    purpose: 'Puts a message into a queue.',
    summary: ['topic'],
    config: {
      type: 'object',
      required: ['topic'],
      properties: {
        topic: { type: 'string', title: 'Topic', description: 'Where it goes.' },
        settings: {
          type: 'object',
          title: 'Settings',
          properties: { partitions: { type: 'integer', title: 'Partitions', default: 3 } },
        },
      },
    },
  }
  setTypes({ ...listed, tools: [...listed.tools, queue] })
  const tool = { id: 't', name: 'T', projectId: 'p', type: queue.type, inputSchema: {}, outputSchema: {} }
  const config = { topic: 'orders' } as object
  const none = () => undefined

  const form = renderToStaticMarkup(
    <ToolConfigForm tool={{ ...tool, config }} faultOf={none} onFault={() => none} onChange={none} />,
  )

  expect(form).toMatch(/Topic.*value="orders".*Where it goes\./)
  expect(form).toMatch(/Settings<\/legend>.*Partitions.*type="number".*3 unless given\./)
  expect(form).not.toContain('Function')
  expect(describeTarget({ ...tool, config })).toBe('Queue: orders')
})
