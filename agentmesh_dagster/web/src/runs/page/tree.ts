/** The steps of a run as a tree: by rounds of loops, items, and sub-workflows, as their paths say. No React. */
import { worseStatus } from '../live/nodeStates'
import { insideOf, readPath, writePath } from '../live/paths'
import type { Frame } from '../live/paths'
import type { RunStep } from '../live/runSteps'
import { shownStatus } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import { levelInside, loopsAround, titleIn } from './levels'
import type { Level, Levels } from './levels'

export interface Leaf {
  kind: 'step'
  step: RunStep
  /** The graph in which its node stands. */
  level: Level | undefined
  /** Whether it is that of a node that calls, among the steps of what it called. */
  isResult: boolean
}

/** `rounds` and `items` hold what is repeated, `round` and `item` are one of it, `call` is a sub-workflow. */
export interface Branch {
  kind: 'rounds' | 'items' | 'round' | 'item' | 'call'
  key: string
  label: string
  /** Of a round, from 1, or of an item, from 0. */
  number: number
  /** Of `items` and `item`: the step that made the list, as `<path> <node id>`. */
  listedBy: string
  children: Child[]
  /** All that stand below. */
  steps: RunStep[]
  status: ShownStatus
  hasChosen: boolean
}

export type Child = Leaf | Branch

export function growTree(
  levels: Levels,
  steps: readonly RunStep[],
  chosenStepId: string | undefined,
): readonly Child[] {
  const grower = new Grower(levels, listCallPlaces(steps), chosenStepId)
  for (const step of steps) grower.add(step)
  return grower.roots
}

function listCallPlaces(steps: readonly RunStep[]): ReadonlySet<string> {
  const places = new Set<string>()
  for (const path of new Set(steps.map((step) => step.path))) {
    const frames = readPath(path)
    for (const [at, { kind }] of frames.entries())
      if (kind === 'call') places.add(writePath(frames.slice(0, at + 1)))
  }
  return places
}

class Grower {
  readonly roots: Child[] = []
  private readonly branches = new Map<string, Branch>()
  private readonly levels: Levels
  private readonly callPlaces: ReadonlySet<string>
  private readonly chosenStepId: string | undefined

  constructor(levels: Levels, callPlaces: ReadonlySet<string>, chosenStepId: string | undefined) {
    this.levels = levels
    this.callPlaces = callPlaces
    this.chosenStepId = chosenStepId
  }

  add(step: RunStep): void {
    const frames = readPath(step.path)
    const around: Branch[] = []
    let level: Level | undefined = this.levels.own
    let depth = 0 // how many loops of this graph are around already
    for (const [at, frame] of frames.entries()) {
      const before = writePath(frames.slice(0, at))
      const node = nextNode(frames, at, step.nodeId)
      if (frame.kind === 'call') {
        around.push(
          this.open(around, callOf(writePath(frames.slice(0, at + 1)), titleIn(level, frame.nodeId))),
        )
        level = levelInside(this.levels, level, frame.nodeId)
        depth = 0
      } else if (frame.kind === 'round') {
        const head = loopsAround(level, node)[depth]?.head
        depth += 1
        const key = `rounds ${before} ${head ?? node}`
        around.push(this.open(around, branch('rounds', key, `${titleIn(level, head ?? node)}: rounds`)))
        const round = branch('round', `${key} ${frame.number}`, `Round ${frame.number}`)
        around.push(this.open(around, { ...round, number: frame.number }))
      } else {
        const each = level?.regions.get(node) ?? node
        const listedBy = `${before} ${each}`
        const key = `items ${listedBy}`
        const items = branch('items', key, `${titleIn(level, each)}: items`)
        around.push(this.open(around, { ...items, listedBy }))
        const item = branch('item', `${key} ${frame.index}`, `Item ${frame.index + 1}`)
        around.push(this.open(around, { ...item, number: frame.index, listedBy }))
      }
    }
    // The step of a node that calls stands with what it called.
    const inside = insideOf(step)
    const isResult = this.callPlaces.has(inside)
    if (isResult) {
      around.push(this.open(around, callOf(inside, titleIn(level, step.nodeId))))
    }
    this.place(around, { kind: 'step', step, level, isResult })
  }

  private place(around: readonly Branch[], leaf: Leaf): void {
    for (const parent of around) {
      parent.status = worseStatus(parent.status, shownStatus(leaf.step))
      parent.steps.push(leaf.step)
      if (leaf.step.stepId === this.chosenStepId) parent.hasChosen = true
    }
    const siblings = around.at(-1)?.children ?? this.roots
    siblings.push(leaf)
  }

  private open(around: readonly Branch[], wanted: Branch): Branch {
    const known = this.branches.get(wanted.key)
    if (known) return known
    this.branches.set(wanted.key, wanted)
    const siblings = around.at(-1)?.children ?? this.roots
    siblings.push(wanted)
    return wanted
  }
}

/** The node of the same graph that a path leads to. */
function nextNode(frames: readonly Frame[], at: number, nodeId: string): string {
  for (let next = at; next < frames.length; next += 1) {
    const frame = frames[next]
    if (frame?.kind === 'call') return frame.nodeId
  }
  return nodeId
}

function callOf(place: string, label: string): Branch {
  return branch('call', `call ${place}`, label)
}

function branch(kind: Branch['kind'], key: string, label: string): Branch {
  return {
    kind,
    key,
    label,
    number: 0,
    listedBy: '',
    children: [],
    steps: [],
    status: 'skipped',
    hasChosen: false,
  }
}
