import { describe, expect, it } from 'vitest'
import type { StepStatus } from '../../api/types'
import { areaOf, laneByEdge } from '../../graph/loops'
import { layOut, NODE_HEIGHT } from '../../graph/layout'
import { graphOf, node, workflowOf } from '../../graph/samples'
import { insideOf, isInside, placeOf, readPath, writePath } from '../live/paths'
import type { RunStep } from '../live/runSteps'
import { describePath, makeLevel } from './levels'
import type { Levels } from './levels'
import { readPlace, writeChosen } from './place'
import { listOtherRounds, roundsOf, viewLevel } from './rounds'
import { listRows } from './rows'

function step(nodeId: string, path = '', status: StepStatus = 'succeeded', taken?: string[]): RunStep {
  return {
    stepId: `${path}:${nodeId}`,
    nodeId,
    item: null,
    path,
    status,
    attempt: 1,
    spans: [],
    parentStepIds: [],
    isListed: true,
    lastEventId: 1,
    ...(taken && { taken }),
  }
}

const draftGraph = graphOf('start>draft draft>review review>draft review>end', [node('review', 'branch')])
draftGraph.edges[2] = { ...draftGraph.edges[2]!, maxRounds: 10 }
const draftLoop = { head: 'draft', body: ['draft', 'review'], back: ['e3'], maxRounds: 10 }
const drafts: Levels = { own: makeLevel(workflowOf(draftGraph), [], [draftLoop]), called: new Map() }
const twoRounds = [
  step('start'),
  step('draft', '#1'),
  step('review', '#1', 'succeeded', ['e3']),
  step('draft', '#2', 'running'),
]

const inner = { ...workflowOf(draftGraph), id: 'inner' }
const outerGraph = graphOf('start>check check>end', [{ ...node('check', 'workflow'), workflowId: 'inner' }])
const outer: Levels = {
  own: makeLevel(workflowOf(outerGraph), [], []),
  called: new Map([['inner', makeLevel(inner, [], [draftLoop])]]),
}
const called = [
  step('start'),
  step('start', 'check'),
  step('draft', 'check/#1'),
  step('review', 'check/#1', 'succeeded', ['e3']),
  step('draft', 'check/#2', 'waiting_human'),
]

describe('paths', () => {
  it('are read and written as the API has them', () => {
    const path = '#2/[3]/re%2Fview/#11'
    expect(readPath(path)).toEqual([
      { kind: 'round', number: 2 },
      { kind: 'item', index: 3 },
      { kind: 'call', nodeId: 're/view' },
      { kind: 'round', number: 11 },
    ])
    expect(writePath(readPath(path))).toBe(path)
    expect(writePath([{ kind: 'call', nodeId: '#a%' }])).toBe('%23a%25')
    expect([placeOf(path), placeOf('#2')]).toEqual(['#2/[3]/re%2Fview', ''])
    expect(insideOf({ nodeId: 'review', path: '#2' })).toBe('#2/review')
    expect([isInside('a/b', 'a'), isInside('ab', 'a'), isInside('x', '')]).toEqual([true, false, true])
  })
  it('are said in words', () => {
    expect(describePath(outer, 'check/#2/[3]')).toBe('check · round 2 · item 4')
  })
  it('of a chosen step stand in the address, and bring its graph', () => {
    const written = writeChosen({ nodeId: 'draft', path: 'check/#2' })
    expect(written).toMatchObject({ step: 'draft', path: 'check/#2', inside: 'check' })
    expect(readPlace({ step: 'draft', path: 'check/#2' })).toMatchObject({ inside: 'check' })
  })
})

describe('the rounds of a loop', () => {
  it('show the newest one, and for each node what became of all', () => {
    const { states, turns, taken } = viewLevel(drafts.own, '', twoRounds, new Map())
    expect(states.get('draft')).toEqual({
      status: 'running',
      steps: 1,
      ended: 0,
      rounds: ['succeeded', 'running'],
    })
    expect(states.get('review')).toMatchObject({ status: undefined, steps: 0, rounds: ['succeeded'] })
    expect(turns).toEqual([{ loop: draftLoop, rounds: ['succeeded', 'running'], chosen: undefined }])
    expect([...taken]).toEqual(['e1', 'e2', 'e3'])
  })
  it('are shown one by one', () => {
    const { states, shown } = viewLevel(drafts.own, '', twoRounds, new Map([['draft', 1]]))
    expect([states.get('draft')?.status, states.get('review')?.status]).toEqual(['succeeded', 'succeeded'])
    expect(shown.map(({ stepId }) => stepId)).toEqual([':start', '#1:draft', '#1:review'])
  })
  it('of loops in loops belong to the round around them', () => {
    const graph = graphOf('start>a a>b b>b b>a b>end')
    const loops = [
      { head: 'a', body: ['a', 'b'], back: ['e4'], maxRounds: 3 },
      { head: 'b', body: ['b'], back: ['e3'], maxRounds: 3 },
    ]
    const steps = ['#1/#1', '#1/#2', '#1/#3', '#2/#1'].map((path) => step('b', path))
    const level = makeLevel(workflowOf(graph), [], loops)
    const newest = viewLevel(level, '', steps, new Map())
    expect(newest.shown.map(({ path }) => path)).toEqual(['#2/#1'])
    const first = viewLevel(level, '', steps, new Map([['a', 1]]))
    expect(first.shown.map(({ path }) => path)).toEqual(['#1/#3'])
    expect(first.turns.map(({ rounds }) => rounds.length)).toEqual([2, 3])
    expect([...roundsOf(level, '', steps[1]!)]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })
  it('are linked with each other', () => {
    const own = [step('draft', '#10'), step('draft', '#2'), step('draft', '#1'), step('review', '#1')]
    expect(listOtherRounds(own[1]!, own).map(({ path }) => path)).toEqual(['#1', '#2', '#10'])
    expect(listOtherRounds(step('start'), own)).toEqual([])
  })
})

describe('a sub-workflow', () => {
  it('goes on as long as its node has not ended, and opens at its place', () => {
    const { states, calls } = viewLevel(outer.own, '', called, new Map())
    expect(states.get('check')).toMatchObject({ status: 'waiting_human' })
    expect(calls.get('check')).toEqual(['check'])
    const inside = viewLevel(outer.called.get('inner')!, 'check', called, new Map())
    expect(inside.states.get('draft')).toMatchObject({
      status: 'waiting_human',
      rounds: ['succeeded', 'waiting_human'],
    })
    expect(inside.own).toHaveLength(4)
  })
  it('is a box of the timeline, and its rounds are boxes in it', () => {
    const rows = listRows(outer, [...called, step('check')], new Map())
    expect(rows.map(({ depth, label }) => [depth, label])).toEqual([
      [0, 'start'],
      [0, 'check'],
      [1, 'start'],
      [1, 'draft: rounds'],
      [2, 'Round 1'],
      [3, 'draft'],
      [3, 'review'],
      [2, 'Round 2'],
      [3, 'draft'],
      [1, 'check: result'],
    ])
  })
})

describe('a loop of a hundred rounds', () => {
  const steps = Array.from({ length: 100 }, (_, at) => [
    step('draft', `#${at + 1}`),
    step('review', `#${at + 1}`),
  ]).flat()
  it('is one row at first, and opens at the chosen step', () => {
    expect(listRows(drafts, steps, new Map())).toMatchObject([{ count: [100, 'round'], isOpen: false }])
    const rows = listRows(drafts, steps, new Map(), '#7:review')
    expect(rows.filter(({ kind }) => kind === 'step').map(({ key }) => key)).toEqual([
      '#7:draft',
      '#7:review',
      '#100:draft',
      '#100:review',
    ])
  })
})

describe('the drawing of a loop', () => {
  it('puts the head first, and the way back below all nodes of the loop', () => {
    const positions = layOut(draftGraph)
    expect(positions.get('draft')!.x).toBeLessThan(positions.get('review')!.x)
    const lane = laneByEdge([draftLoop], positions).get('e3')!
    const area = areaOf(draftLoop, [draftLoop], positions)!
    expect(lane).toBeGreaterThan(positions.get('review')!.y + NODE_HEIGHT)
    expect(area.y + area.height).toBeGreaterThan(lane)
    expect(area.x).toBeLessThan(positions.get('draft')!.x)
    expect(area.x).toBeGreaterThan(positions.get('start')!.x)
  })
})
