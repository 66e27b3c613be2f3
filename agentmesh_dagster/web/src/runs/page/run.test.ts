import { describe, expect, it } from 'vitest'
import type { EventLog, JsonObject, StepStatus } from '../../api/types'
import { graphOf, node, workflowOf } from '../../graph/samples'
import type { RunStep } from '../live/runSteps'
import { drawRun, firstViewport } from './canvas'
import { listCalls } from './conversation'
import { formatCost, formatCounts, formatCount } from './figures'
import { layOutQuickly } from './layered'
import { makeLevel } from './levels'
import type { Levels } from './levels'
import { listRows } from './rows'
import { fitLabel, listPauses, makeScale } from './timeScale'

const SECOND = 1_000
const DAY = 86_400_000

describe('the timeline', () => {
  it('shows a run without long pauses as it was', () => {
    const scale = makeScale({ from: 0, to: 4 * SECOND }, [
      { from: 0, to: SECOND },
      { from: 2 * SECOND, to: 4 * SECOND },
    ])
    expect([scale.place(0), scale.place(SECOND), scale.place(4 * SECOND)]).toEqual([0, 0.25, 1])
    expect(scale.ticks.map(({ label }) => label)).toEqual(['0', '1 s', '2 s', '3 s'])
    expect(scale.cuts).toEqual([])
  })
  it('draws three days of waiting short, and says how long they were', () => {
    const scale = makeScale({ from: 0, to: 3 * DAY + 2 * SECOND }, [
      { from: 0, to: SECOND },
      { from: 3 * DAY + SECOND, to: 3 * DAY + 2 * SECOND },
    ])
    expect(scale.cuts).toMatchObject([{ label: '3 d' }])
    expect(scale.place(SECOND)).toBeGreaterThan(0.35)
    expect(scale.place(4 * DAY)).toBeCloseTo(1)
    expect(scale.place(SECOND + DAY)).toBeLessThan(scale.place(SECOND + 2 * DAY))
  })
  it('never goes back, whatever is cut, and stays inside', () => {
    const work = Array.from({ length: 30 }, (_, at) => ({
      from: at * 60_000,
      to: at * 60_000 + (at % 4) * 300,
    }))
    const scale = makeScale({ from: 0, to: 31 * 60_000 }, work)
    const places = Array.from({ length: 500 }, (_, at) => scale.place(at * 4_000 - 10_000))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect([places[0], places.at(-1)]).toEqual([0, 1])
    expect(scale.ticks.every(({ at }) => at >= 0 && at <= 1)).toBe(true)
  })
  it.each([130, 190, 460])('has room for each label of an axis of %i pixels', (width) => {
    const work = [
      { from: 0, to: 600 },
      { from: 292_000, to: 292_020 },
    ]
    const { ticks, cuts } = makeScale({ from: 0, to: 292_020 }, work, width)
    const [cut] = cuts
    const boxes = ticks.map(({ at, label }) => ({ from: at * width, to: at * width + label.length * 6.6 }))
    expect(boxes[0]?.from).toBe(0)
    for (const [at, { from, to }] of boxes.entries()) {
      expect(to).toBeLessThanOrEqual(boxes[at + 1]?.from ?? width)
      expect(to <= (cut?.at ?? 0) * width || from >= (cut?.end ?? 0) * width - 1).toBe(true)
    }
  })
  it('has no label that does not fit', () => {
    const fit = (room: number) => fitLabel(['waited 4 min', '4 min'], room)
    expect([100, 50, 10].map(fit)).toEqual(['waited 4 min', '4 min', ''])
  })
  it('can show a run that took no time', () => {
    expect(makeScale({ from: 5, to: 5 }, []).place(5)).toBe(0)
  })
  it('finds pauses between steps that overlap', () => {
    const work = [
      { from: 8, to: 9 },
      { from: 1, to: 5 },
      { from: 2, to: 3 },
    ]
    expect(listPauses({ from: 0, to: 10 }, work)).toEqual([
      { from: 0, to: 1 },
      { from: 5, to: 8 },
      { from: 9, to: 10 },
    ])
  })
})

function step(nodeId: string, item: number | null = null, status: StepStatus = 'succeeded'): RunStep {
  return {
    stepId: `${nodeId} ${item}`,
    nodeId,
    item,
    path: item === null ? '' : `[${item}]`,
    status,
    attempt: 1,
    spans: [],
    parentStepIds: [],
    isListed: true,
    lastEventId: 1,
  }
}

describe('the rows', () => {
  const each = node('each', 'branch', { mode: 'each' })
  const graph = graphOf('start>each each>a a>b b>join', [each])
  const own = makeLevel(workflowOf(graph), [{ each: 'each', join: 'join', body: ['a', 'b'] }], [])
  const levels: Levels = { own, called: new Map() }
  const few = [step('start'), step('each'), step('a', 1, 'failed'), step('a', 0), step('b', 0), step('join')]

  it('put the items of an each below it, in their order', () => {
    const rows = listRows(levels, few, new Map([['items  each 0', true]]))
    expect(rows.map(({ depth, label, status }) => [depth, label, status])).toEqual([
      [0, 'start', 'succeeded'],
      [0, 'each', 'succeeded'],
      [0, 'each: items', 'failed'],
      [1, 'Item 1', 'succeeded'],
      [2, 'a', 'succeeded'],
      [2, 'b', 'succeeded'],
      [1, 'Item 2', 'failed'],
      [0, 'join', 'succeeded'],
    ])
  })
  it('are closed at first where there are many items, and leave out a level that says nothing', () => {
    const many = Array.from({ length: 400 }, (_, at) => step('a', at))
    expect(listRows(levels, many, new Map())).toMatchObject([
      { kind: 'group', count: [400, 'item'], isOpen: false },
    ])
    const opened = listRows(levels, many, new Map([['items  each', true]]))
    expect(listRows(levels, many, new Map(), 'a 7').length).toBe(401)
    expect([opened.length, opened[1]?.label, opened[1]?.kind]).toEqual([401, 'Item 1', 'step'])
  })
})

describe('calls', () => {
  let id = 0
  const event = (type: EventLog['type'], payload: JsonObject, stepId = 's'): EventLog => {
    id += 1
    return {
      id,
      timestamp: '2026-01-01T00:00:00Z',
      type,
      payload: { attempt: 1, ...payload },
      stepId,
      runId: 'r',
      projectId: 'p',
    }
  }
  const ask = (...messages: JsonObject[]) =>
    event('agent.request', { provider: 'local', model: 'm', messages, tools: ['t'] })

  it('pair requests and responses, also of tools that are called side by side', () => {
    const calls = listCalls(
      [
        ask({ role: 'system', text: 'S' }, { role: 'user', text: 'U' }),
        event('agent.response', {
          model: 'm-1',
          text: '',
          toolCalls: [{}, {}],
          usage: { inputTokens: 3, outputTokens: 4 },
        }),
        event('tool.request', { tool: 't', idempotencyKey: 'x', input: { n: 1 } }),
        event('tool.request', { tool: 't', idempotencyKey: 'y', input: { n: 2 } }),
        event('agent.request', {}, 'another step'),
        event('tool.response', { tool: 't', idempotencyKey: 'y', error: 'no' }),
        event('tool.response', { tool: 't', idempotencyKey: 'x', output: 5, seconds: 0.5 }),
        ask({ role: 'assistant', text: '' }, { role: 'tool', text: '5' }, { role: 'user', text: 'again' }),
      ],
      's',
    )
    expect(calls).toMatchObject([
      {
        kind: 'model',
        model: 'm-1',
        messages: [{ role: 'system' }, { role: 'user' }],
        reply: { toolCalls: 2, usage: { inputTokens: 3, unpriced: 1 } },
      },
      { kind: 'tool', input: { n: 1 }, output: 5, seconds: 0.5, isOver: true },
      { kind: 'tool', input: { n: 2 }, error: 'no', isOver: true },
      { kind: 'model', messages: [{ role: 'user', text: 'again' }] },
    ])
    expect(calls[3]).not.toHaveProperty('reply')
  })
  it('of an attempt that broke off stay without a response', () => {
    const key = { tool: 't', idempotencyKey: 'x', input: null }
    const calls = listCalls(
      [
        event('tool.request', key),
        event('tool.request', { ...key, attempt: 2 }),
        event('tool.response', { ...key, attempt: 2, output: 1 }),
      ],
      's',
    )
    expect(calls).toMatchObject([
      { attempt: 1, isOver: false },
      { attempt: 2, isOver: true, output: 1 },
    ])
  })
})

describe('the quick layout', () => {
  it('puts each node behind all that come before it, and none on another', () => {
    const graph = graphOf('start>a start>b a>c b>c start>c c>end')
    const places = layOutQuickly(graph)
    for (const { fromNodeId, toNodeId } of graph.edges) {
      expect(places.get(toNodeId)?.x).toBeGreaterThan(places.get(fromNodeId)?.x ?? Infinity)
    }
    expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(graph.nodes.length)
  })
  it('ends with a graph that runs in circles', () => {
    expect(layOutQuickly(graphOf('a>b b>c c>a')).size).toBe(3)
  })
})

describe('what is seen of the graph at first', () => {
  const draw = (count: number, failed?: number) =>
    drawRun(
      {
        graph: graphOf(Array.from({ length: count }, (_, at) => `n${at}>n${at + 1}`).join(' ')),
        positions: new Map(Array.from({ length: count + 1 }, (_, at) => [`n${at}`, { x: at * 280, y: 0 }])),
        states: new Map(
          failed === undefined ? [] : [[`n${failed}`, { status: 'failed', steps: 1, ended: 1 }]],
        ),
        taken: new Set(),
        turns: [],
        calls: new Map(),
        chosenId: undefined,
        isFar: false,
      },
      { nodes: [], edges: [], loops: [] },
    ).nodes
  it('is all of a small one, and the failure of a large one', () => {
    const small = firstViewport(draw(3), 900, 500)
    expect(small.zoom).toBeGreaterThan(0.6)
    const large = firstViewport(draw(400, 300), 900, 500)
    expect([large.zoom, large.x + 300 * 280 * large.zoom]).toEqual([0.7, 225])
  })
  it('stays the same object where nothing has changed', () => {
    const graph = graphOf('a>b b>c')
    const drawing = {
      graph,
      positions: layOutQuickly(graph),
      states: new Map(),
      taken: new Set<string>(),
      turns: [],
      calls: new Map(),
      chosenId: undefined,
      isFar: false,
    }
    const before = drawRun(drawing, { nodes: [], edges: [], loops: [] })
    const after = drawRun(
      {
        ...drawing,
        taken: new Set(['e1']),
        states: new Map([['b', { status: 'running', steps: 1, ended: 0 }]]),
      },
      before,
    )
    expect(after.nodes.map((one, at) => one === before.nodes[at])).toEqual([true, false, true])
    expect(after.edges.map((one, at) => one === before.edges[at])).toEqual([false, true])
  })
})

describe('figures', () => {
  it('are short and say what is not known', () => {
    const usage = { calls: 2, inputTokens: 0, outputTokens: 0, costUsd: 0.001234, unpriced: 0 }
    expect([
      formatCost(usage),
      formatCost({ ...usage, unpriced: 1 }),
      formatCost({ ...usage, unpriced: 2 }),
    ]).toEqual(['$0.0012', 'at least $0.0012', undefined])
    expect(
      formatCounts(
        new Map([
          ['succeeded', 8],
          ['failed', 1],
        ]),
      ),
    ).toBe('1 failed, 8 succeeded')
    expect([formatCount(1, 'step'), formatCount(1_200, 'step')]).toEqual(['1 step', '1,200 steps'])
  })
})
