import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventLog, JsonObject, Step } from '../../api/types'
import { graphOf } from '../../graph/samples'
import { describeAwaited } from './awaited'
import { stateByNode, takenEdges } from './nodeStates'
import { joinSteps, isBehind } from './runSteps'
import { countByStatus, foldEvents, NOTHING_YET } from './runState'
import { followRun } from './stream'
import type { Source, StreamStatus } from './stream'

function event(id: number, type: EventLog['type'], payload: JsonObject = {}, stepId?: string): EventLog {
  return {
    id,
    timestamp: `2026-01-01T00:00:${String(id).padStart(2, '0')}Z`,
    type,
    payload,
    stepId,
    runId: 'r',
    projectId: 'p',
  }
}

const STORY = [
  event(1, 'run.started'),
  event(2, 'step.started', { nodeId: 'start', attempt: 1 }, 's'),
  event(3, 'step.completed', { nodeId: 'start', output: { x: 1 }, taken: null }, 's'),
  event(4, 'step.started', { nodeId: 'a', attempt: 1, item: 2 }, 'a2'),
  event(5, 'step.retrying', { nodeId: 'a', error: 'busy' }, 'a2'),
  event(6, 'step.started', { nodeId: 'a', attempt: 2, item: 2 }, 'a2'),
  event(7, 'step.waiting_human', { nodeId: 'gate' }, 'g'),
  event(8, 'gate.answered', { nodeId: 'gate', by: 'ann' }, 'g'),
  event(9, 'step.completed', { nodeId: 'gate', output: { approved: true }, taken: ['e2'] }, 'g'),
  event(10, 'step.failed', { error: 'gone' }, 'a2'),
  event(11, 'step.skipped', { nodeId: 'b', item: null }, 'b'),
  event(12, 'run.failed', { error: '`a`: gone' }),
]

describe('folding', () => {
  it('keeps what is told of values that came cut, and forgets it when a step starts again', () => {
    const cut = { output: { chars: 2_000_000, preview: '{"rows":[' } }
    const told = [
      ...STORY.slice(0, 2),
      { ...event(3, 'step.completed', { nodeId: 'start', taken: null }, 's'), cut },
      { ...event(4, 'run.completed'), cut },
    ]
    const state = foldEvents(NOTHING_YET, told)
    expect(state.cut).toEqual(cut)
    expect(state.steps.get('s')).toMatchObject({ status: 'succeeded', output: undefined, cut })
    const again = foldEvents(state, [event(5, 'step.started', { nodeId: 'start', attempt: 2 }, 's')])
    expect(again.steps.get('s')?.cut).toBeUndefined()
  })

  it('knows what was caught, and what used its fallback: neither is a failure or a success', () => {
    const { steps } = foldEvents(NOTHING_YET, [
      event(1, 'step.started', { nodeId: 'a', attempt: 1 }, 'a'),
      event(2, 'step.failed', { nodeId: 'a', error: 'gone', code: 'timeout' }, 'a'),
      event(3, 'step.caught', { nodeId: 'a', error: 'gone', code: 'timeout', taken: ['e2'] }, 'a'),
      event(4, 'step.started', { nodeId: 'b', attempt: 1 }, 'b'),
      event(5, 'step.completed', { nodeId: 'b', output: 0, usedFallback: true, error: 'gone' }, 'b'),
    ])
    expect([...stateByNode(steps.values())].map(([id, { status }]) => [id, status])).toEqual([
      ['a', 'caught'],
      ['b', 'fallback'],
    ])
    expect(steps.get('a')).toMatchObject({ status: 'failed', error: 'gone', taken: ['e2'] })
    const graph = graphOf('a>b a>c')
    expect([...takenEdges(graph, steps.values())]).toEqual(['e2'])
  })

  it('knows gates that were taken over, and those that were given up', () => {
    const state = foldEvents(NOTHING_YET, [
      event(1, 'gate.taken_over', { nodeId: 'g', item: null, output: { approved: true } }, 'g1'),
      event(2, 'step.waiting_human', { nodeId: 'h' }, 'g2'),
      event(3, 'gate.canceled', { nodeId: 'h', item: null, reason: 'no use' }, 'g2'),
    ])
    expect(state.steps.get('g1')).toMatchObject({ status: 'succeeded', output: { approved: true } })
    expect(state.steps.get('g2')).toMatchObject({ status: 'canceled' })
  })

  it('tells the state of every step', () => {
    const state = foldEvents(NOTHING_YET, STORY)
    expect(state.steps.get('s')).toMatchObject({ status: 'succeeded', output: { x: 1 }, taken: undefined })
    expect(state.steps.get('a2')).toMatchObject({
      nodeId: 'a',
      item: 2,
      status: 'failed',
      attempt: 2,
      error: 'gone',
      startedAt: STORY[3]?.timestamp,
    })
    expect(state.steps.get('g')).toMatchObject({
      status: 'succeeded',
      answeredBy: 'ann',
      taken: ['e2'],
    })
    expect(state).toMatchObject({ status: 'failed', error: '`a`: gone', lastEventId: 12 })
    expect(countByStatus(state.steps.values())).toEqual(
      new Map([
        ['succeeded', 2],
        ['failed', 1],
        ['skipped', 1],
      ]),
    )
  })
  it('gives the same however the events are cut, repeated or mixed', () => {
    const whole = foldEvents(NOTHING_YET, STORY)
    for (let cut = 0; cut <= STORY.length; cut += 1) {
      const first = foldEvents(NOTHING_YET, STORY.slice(0, cut).toReversed())
      expect(foldEvents(first, STORY)).toEqual(whole)
    }
    expect(foldEvents(whole, STORY)).toBe(whole)
  })
})

describe('attempts and waits', () => {
  const { steps } = foldEvents(NOTHING_YET, STORY)
  it('are stretches of time that end', () => {
    expect(steps.get('a2')?.spans).toMatchObject([
      {
        kind: 'work',
        attempt: 1,
        from: STORY[3]?.timestamp,
        to: STORY[4]?.timestamp,
        outcome: 'failed',
        error: 'busy',
      },
      {
        kind: 'work',
        attempt: 2,
        from: STORY[5]?.timestamp,
        to: STORY[9]?.timestamp,
        outcome: 'failed',
        error: 'gone',
      },
    ])
    expect(steps.get('g')?.spans).toMatchObject([
      { kind: 'wait', from: STORY[6]?.timestamp, to: STORY[8]?.timestamp },
    ])
  })
  it('say for what a step waits, and until when', () => {
    const about = { nodeId: 'pause', waitsFor: 'event', event: 'order.paid', until: '2030-01-01T00:00:00Z' }
    const found = foldEvents(NOTHING_YET, [
      event(1, 'step.started', { nodeId: 'pause', attempt: 1 }, 'w'),
      event(2, 'step.waiting', about, 'w'),
    ])
    const awaited = { kind: 'event', event: 'order.paid', until: '2030-01-01T00:00:00Z' }
    expect(found.steps.get('w')).toMatchObject({
      status: 'waiting',
      spans: [{ outcome: 'succeeded' }, { awaited }],
    })
    expect(describeAwaited(awaited)).toBe('for the event order.paid')
    expect(joinSteps(undefined, found.steps)).toMatchObject([{ stepId: 'w', awaited }])
  })
  it('end with a run that is canceled, and with a worker that is lost', () => {
    const canceled = foldEvents(NOTHING_YET, [...STORY.slice(0, 7), event(8, 'run.canceled', { by: 'ann' })])
    expect(canceled.steps.get('g')).toMatchObject({
      status: 'canceled',
      spans: [{ to: event(8, 'run.canceled').timestamp }],
    })
    expect(canceled.steps.get('s')?.status).toBe('succeeded')
    const again = foldEvents(NOTHING_YET, [
      ...STORY.slice(0, 2),
      event(3, 'step.started', { nodeId: 'start', attempt: 2 }, 's'),
    ])
    expect(again.steps.get('s')?.spans).toMatchObject([
      { outcome: 'failed', error: 'The worker was lost.' },
      { attempt: 2 },
    ])
  })
  it('count tokens and cost, and say where a price is not known', () => {
    const told = (id: number, usage: JsonObject) => event(id, 'agent.response', { nodeId: 'a', usage }, 'a')
    const state = foldEvents(NOTHING_YET, [
      told(1, { inputTokens: 10, outputTokens: 2, costUsd: 0.5 }),
      told(2, { inputTokens: 1, outputTokens: 1 }),
    ])
    expect(state.steps.get('a')?.usage).toEqual({
      calls: 2,
      inputTokens: 11,
      outputTokens: 3,
      costUsd: 0.5,
      unpriced: 1,
    })
  })
})

describe('the steps', () => {
  const listed = (id: string, more: Partial<Step> = {}): Step => ({
    id,
    runId: 'r',
    workflowId: 'w',
    nodeId: id,
    nodeType: 'agent',
    status: 'running',
    parentStepIds: [],
    caught: false,
    usedFallback: false,
    attempt: 1,
    path: '',
    startedAt: '2026-01-01T00:00:02Z',
    input: { q: 1 },
    ...more,
  })
  const told = foldEvents(NOTHING_YET, STORY.slice(0, 3)).steps

  it('show of the list and the events what is newer, and the input from the list', () => {
    const [newer] = joinSteps({ steps: [listed('s')], after: 2 }, told)
    expect(newer).toMatchObject({ status: 'succeeded', output: { x: 1 }, input: { q: 1 } })
    const [older] = joinSteps(
      { steps: [listed('s', { status: 'failed', finishedAt: '2026-01-01T00:00:09Z' })], after: 3 },
      told,
    )
    expect(older).toMatchObject({ status: 'failed', finishedAt: '2026-01-01T00:00:09Z' })
  })
  it('are there with the list alone, and with the events alone', () => {
    const [inherited] = joinSteps(
      { steps: [listed('x', { status: 'succeeded', finishedAt: '2026-01-01T00:00:03Z' })], after: 0 },
      new Map(),
    )
    expect(inherited?.spans).toMatchObject([
      { from: '2026-01-01T00:00:02Z', to: '2026-01-01T00:00:03Z', outcome: 'succeeded' },
    ])
    expect(joinSteps(undefined, told)).toMatchObject([{ stepId: 's', isListed: false }])
  })
  it('are read anew when the run is over and the list is behind', () => {
    expect(isBehind({ steps: [listed('s', { status: 'succeeded' })], after: 0 }, told)).toBe(false)
    expect(isBehind({ steps: [listed('s')], after: 0 }, told)).toBe(true)
    expect(isBehind({ steps: [], after: 0 }, told)).toBe(true)
  })
})

describe('the graph of a run', () => {
  it('shows of many steps the one that tells most', () => {
    const states = stateByNode([
      { nodeId: 'a', status: 'succeeded' },
      { nodeId: 'a', status: 'running' },
      { nodeId: 'a', status: 'failed' },
      { nodeId: 'b', status: 'skipped' },
    ])
    expect(states.get('a')).toEqual({ status: 'failed', steps: 3, ended: 2 })
    expect(states.get('b')?.status).toBe('skipped')
  })
  it('marks the edges that were taken', () => {
    const graph = graphOf('start>a start>b a>c a>d')
    const taken = takenEdges(graph, [
      { nodeId: 'start', status: 'succeeded' },
      { nodeId: 'a', status: 'succeeded', taken: ['e4'] },
      { nodeId: 'b', status: 'failed' },
    ])
    expect([...taken]).toEqual(['e1', 'e2', 'e4'])
    const inherited = takenEdges(graph, [
      { nodeId: 'a', status: 'succeeded' },
      { nodeId: 'c', status: 'succeeded' },
      { nodeId: 'd', status: 'skipped' },
    ])
    expect([...inherited]).toEqual(['e3'])
  })
})

class FakeSource implements Source {
  static opened: FakeSource[] = []
  readyState = 1
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>()
  constructor(readonly url: string) {
    FakeSource.opened.push(this)
  }
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, listener)
  }
  close(): void {
    this.readyState = 2
  }
  say(type: string, data: unknown = ''): void {
    this.#listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>)
  }
}

describe('the stream', () => {
  let seen: number[]
  let statuses: StreamStatus[]
  beforeEach(() => {
    vi.useFakeTimers()
    FakeSource.opened = []
    seen = []
    statuses = []
  })
  afterEach(() => void vi.useRealTimers())

  function follow(): () => void {
    const listener = {
      onEvents: (events: EventLog[]) => void seen.push(...events.map(({ id }) => id)),
      onStatus: (status: StreamStatus) => void statuses.push(status),
    }
    return followRun(
      (after) => `/events?after=${after}`,
      0,
      listener,
      (url) => new FakeSource(url),
    )
  }

  it('passes on what is new, and what is repeated after a reconnect only once', () => {
    follow()
    const [source] = FakeSource.opened
    for (const one of [...STORY.slice(0, 3), ...STORY.slice(1, 4)]) source?.say(one.type, one)
    vi.advanceTimersByTime(100)
    expect(seen).toEqual([1, 2, 3, 4])
  })
  it('comes back by itself behind the last id when the browser has given up', () => {
    follow()
    FakeSource.opened[0]?.say('run.started', STORY[0])
    FakeSource.opened[0]?.close()
    FakeSource.opened[0]?.say('error')
    vi.advanceTimersByTime(5_000)
    expect(FakeSource.opened.map(({ url }) => url)).toEqual(['/events?after=0', '/events?after=1'])
    expect(statuses.at(-1)).toBe('late')
  })
  it('leaves a reconnect that the browser makes to the browser', () => {
    follow()
    FakeSource.opened[0]?.say('error')
    vi.advanceTimersByTime(60_000)
    expect(FakeSource.opened).toHaveLength(1)
  })
  it('stops at the end of the run, with nothing left behind', () => {
    follow()
    FakeSource.opened[0]?.say('run.started', STORY[0])
    FakeSource.opened[0]?.say('end')
    expect([seen, statuses.at(-1), FakeSource.opened[0]?.readyState]).toEqual([[1], 'over', 2])
  })
})
