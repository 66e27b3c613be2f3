/** Which rounds of a run's loops are shown, and what the shown steps add up to. No React. */
import type { Loop, StepStatus } from '../../api/types'
import { isOver } from '../live/foldStep'
import { stateByNode, takenEdges, worseStatus, WORST_FIRST } from '../live/nodeStates'
import type { NodeState } from '../live/nodeStates'
import { insideOf, isInside, placeOf, readPath, writePath } from '../live/paths'
import type { RunStep } from '../live/runSteps'
import { shownStatus } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import { loopsAround } from './levels'
import type { Level } from './levels'

/** Head of a loop → the round to show; a loop that is not in it shows its newest one. */
export type ChosenRounds = ReadonlyMap<string, number>

/** What became of the rounds of a node, or of a loop; the first of the list is round 1. */
export type RoundStatuses = readonly (ShownStatus | undefined)[]

/** A loop, as far as it was played. */
export interface Turns {
  loop: Loop
  rounds: RoundStatuses
  /** Undefined: the newest. */
  chosen: number | undefined
}

/** What a graph shows at one place of a run. */
export interface LevelView {
  states: ReadonlyMap<string, NodeState>
  taken: ReadonlySet<string>
  /** The steps that are shown: of the chosen rounds, and of the newest ones of other loops. */
  shown: readonly RunStep[]
  /** All steps at this place. */
  own: readonly RunStep[]
  turns: readonly Turns[]
  /** Ids of the nodes that call something → the places of what was begun, in the rounds that are shown. */
  calls: ReadonlyMap<string, readonly string[]>
}

/** What is known of a step here. */
interface PlacedStep {
  nodeId: string
  path: string
  status: StepStatus
  caught?: boolean | undefined
  usedFallback?: boolean | undefined
  taken?: readonly string[]
}

export function viewLevel(
  level: Level,
  place: string,
  steps: readonly RunStep[],
  chosen: ChosenRounds,
): LevelView {
  const around = steps.filter(({ path }) => isInside(placeOf(path), place))
  const own = around.filter(({ path }) => placeOf(path) === place)
  const calls = listCalls(place, around)
  const ended = new Set(own.map(({ nodeId, path }) => `${path} ${nodeId}`))
  const open = calls.filter(({ nodeId, path }) => !ended.has(`${path} ${nodeId}`))
  const placed = [...own, ...open].map((step) => ({ step, rounds: listRounds(level, place, step) }))
  const newest = findNewest(placed)
  const isShown = ({ rounds }: Placed) =>
    rounds.every(({ head, key, number }) => number === (chosen.get(head) ?? newest.get(key)))
  const shown = placed.filter(isShown)
  const states = new Map(stateByNode(shown.map(({ step }) => step)))
  for (const [nodeId, rounds] of listNodeRounds(placed, newest, chosen)) {
    const state = states.get(nodeId)
    states.set(nodeId, state ? { ...state, rounds } : { status: undefined, steps: 0, ended: 0, rounds })
  }
  const edges = chosen.size === 0 ? placed : shown
  return {
    states,
    taken: takenEdges(
      level.workflow.graph,
      edges.map(({ step }) => step),
    ),
    shown: shown.flatMap(({ step }) => ('stepId' in step ? [step as RunStep] : [])),
    own,
    turns: listTurns(level, placed, newest, chosen),
    calls: listInsides(shown, calls),
  }
}

/** The steps of the same node in other rounds of the innermost loop around it, in the order of the rounds. */
export function listOtherRounds(step: RunStep, own: readonly RunStep[]): readonly RunStep[] {
  const at = lastRoundAt(step.path)
  if (at < 0) return []
  const same = withoutFrame(step.path, at)
  return own
    .filter(
      ({ nodeId, path }) =>
        nodeId === step.nodeId && lastRoundAt(path) === at && withoutFrame(path, at) === same,
    )
    .toSorted((one, other) => (roundOf(one.path) ?? 0) - (roundOf(other.path) ?? 0))
}

/** The round of the innermost loop around a step. */
export function roundOf(path: string): number | undefined {
  const frame = readPath(path)[lastRoundAt(path)]
  return frame?.kind === 'round' ? frame.number : undefined
}

/** The rounds in which a step stands, as a choice of rounds that shows it. */
export function roundsOf(
  level: Level | undefined,
  place: string,
  step: { nodeId: string; path: string },
): ChosenRounds {
  if (!level) return new Map()
  return new Map(listRounds(level, place, step).map(({ head, number }) => [head, number]))
}

function lastRoundAt(path: string): number {
  return readPath(path).findLastIndex(({ kind }) => kind === 'round')
}

function withoutFrame(path: string, at: number): string {
  return writePath(readPath(path).toSpliced(at, 1))
}

interface StepRound {
  head: string
  /** The same for all rounds of one loop at one place. */
  key: string
  number: number
}

interface Placed {
  step: PlacedStep
  rounds: readonly StepRound[]
}

/** The rounds of a step inside of its own graph, the outermost first. */
function listRounds(
  level: Level,
  place: string,
  { nodeId, path }: Pick<PlacedStep, 'nodeId' | 'path'>,
): StepRound[] {
  const frames = readPath(path)
  const loops = loopsAround(level, nodeId)
  const rounds: StepRound[] = []
  for (let at = readPath(place).length; at < frames.length; at += 1) {
    const frame = frames[at]
    const loop = loops[rounds.length]
    if (frame?.kind === 'round' && loop) {
      const key = `${writePath(frames.slice(0, at))} ${loop.head}`
      rounds.push({ head: loop.head, key, number: frame.number })
    }
  }
  return rounds
}

/** The places of the calls that are shown, what needs a look first. */
function listInsides(
  shown: readonly Placed[],
  calls: readonly PlacedStep[],
): ReadonlyMap<string, readonly string[]> {
  const begun = new Set(calls.map(insideOf))
  const insides = new Map<string, { inside: string; status: StepStatus }[]>()
  for (const { step } of shown) {
    const inside = insideOf(step)
    if (!begun.has(inside)) continue
    insides.set(step.nodeId, [...(insides.get(step.nodeId) ?? []), { inside, status: step.status }])
  }
  const rank = (status: StepStatus) => WORST_FIRST.indexOf(status)
  return new Map(
    [...insides].map(([nodeId, found]) => [
      nodeId,
      found.toSorted((one, other) => rank(one.status) - rank(other.status)).map(({ inside }) => inside),
    ]),
  )
}

/** The sub-workflows that were begun at a place, each as a step of the node that calls it. */
function listCalls(place: string, around: readonly RunStep[]): PlacedStep[] {
  const depth = readPath(place).length
  const calls = new Map<string, PlacedStep>()
  for (const { path, status, caught } of around) {
    if (path === place) continue
    const frames = readPath(path)
    const at = frames.findIndex(({ kind }, index) => index >= depth && kind === 'call')
    const call = frames[at]
    if (call?.kind !== 'call') continue
    const caller = { nodeId: call.nodeId, path: writePath(frames.slice(0, at)) }
    const key = `${caller.path} ${caller.nodeId}`
    const known = calls.get(key)?.status
    // The call has not ended before the step of its own node has.
    const open =
      isOver(status) && (caught || (status !== 'failed' && status !== 'canceled')) ? 'running' : status
    calls.set(key, { ...caller, status: known ? worseStatus(known, open) : open })
  }
  return [...calls.values()]
}

function findNewest(placed: readonly Placed[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const { rounds } of placed) {
    for (const { key, number } of rounds) newest.set(key, Math.max(newest.get(key) ?? 1, number))
  }
  return newest
}

/** For each node in a loop: what became of it in each round of the innermost one. */
function listNodeRounds(
  placed: readonly Placed[],
  newest: ReadonlyMap<string, number>,
  chosen: ChosenRounds,
): ReadonlyMap<string, RoundStatuses> {
  const found = new Map<string, (ShownStatus | undefined)[]>()
  for (const { step, rounds } of placed) {
    const last = rounds.at(-1)
    if (!last || !isShownOutside(rounds.slice(0, -1), newest, chosen)) continue
    const known = found.get(step.nodeId) ?? []
    const before = known[last.number - 1]
    const status = shownStatus(step)
    known[last.number - 1] = before ? worseStatus(before, status) : status
    found.set(step.nodeId, known)
  }
  return new Map([...found].map(([nodeId, statuses]) => [nodeId, Array.from(statuses)]))
}

function isShownOutside(
  rounds: readonly StepRound[],
  newest: ReadonlyMap<string, number>,
  chosen: ChosenRounds,
): boolean {
  return rounds.every(({ head, key, number }) => number === (chosen.get(head) ?? newest.get(key)))
}

function listTurns(
  level: Level,
  placed: readonly Placed[],
  newest: ReadonlyMap<string, number>,
  chosen: ChosenRounds,
): Turns[] {
  return level.loops.map((loop) => {
    const statuses: (ShownStatus | undefined)[] = []
    for (const { step, rounds } of placed) {
      const at = rounds.findIndex(({ head }) => head === loop.head)
      const round = rounds[at]
      if (!round || !isShownOutside(rounds.slice(0, at), newest, chosen)) continue
      const before = statuses[round.number - 1]
      const status = shownStatus(step)
      statuses[round.number - 1] = before ? worseStatus(before, status) : status
    }
    const rounds = Array.from(statuses)
    const wanted = chosen.get(loop.head)
    return { loop, rounds, chosen: wanted !== undefined && wanted <= rounds.length ? wanted : undefined }
  })
}
