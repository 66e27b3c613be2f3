/** What differs between two runs: step by step, each at its place. No React. */
import type { GraphNode, Json, PinnedWorkflow, Step } from '../../api/types'
import { areEqual } from '../../schema/json'
import { areSameEntity } from '../../graph/compare'
import { formatCount } from '../page/figures'

/** What is to be seen of a pair first. */
export type Difference = 'status' | 'output' | 'first only' | 'second only' | 'not compared'

/** What is known of two values: of such as came cut, never that they are the same. */
export type Likeness = 'same' | 'looks the same' | 'differs'

interface Cuttable {
  cut?: Readonly<Record<string, { chars: number; preview: string }>>
}

/** The steps of both runs at one place; at least one of them is there. */
export interface StepPair {
  key: string
  node: GraphNode | undefined
  nodeId: string
  path: string
  one: Step | undefined
  other: Step | undefined
  /** Undefined: they have done the same. `not compared`: it looks so, but values of them came cut. */
  difference: Difference | undefined
}

/** All places at which either run has a step, in the order of the newer graph. */
export function pairSteps(
  nodes: readonly GraphNode[],
  ones: readonly Step[],
  others: readonly Step[],
): StepPair[] {
  const placed = new Map(nodes.map((node, at) => [node.id, { node, at }]))
  const byKey = new Map<string, { one?: Step; other?: Step }>()
  for (const step of ones) byKey.set(keyOf(step), { one: step })
  for (const step of others) byKey.set(keyOf(step), { ...byKey.get(keyOf(step)), other: step })
  const pairs = [...byKey].map(([key, { one, other }]) => {
    const { nodeId = '', path = '' } = other ?? one ?? {}
    return { key, node: placed.get(nodeId)?.node, nodeId, path, one, other, difference: tell(one, other) }
  })
  const rank = (nodeId: string) => placed.get(nodeId)?.at ?? Infinity
  return pairs.toSorted(
    (a, b) =>
      rank(a.nodeId) - rank(b.nodeId) ||
      a.path.localeCompare(b.path, 'en', { numeric: true }) ||
      a.key.localeCompare(b.key),
  )
}

/** Those that are shown: all, or what may differ and those of the chosen node, which go before others when not all
 *  have room. `hidden` is how many have none. */
export function choosePairs(
  pairs: readonly StepPair[],
  { chosenId, showsAll, most }: { chosenId: string | undefined; showsAll: boolean; most: number },
): { shown: readonly StepPair[]; hidden: number } {
  const wanted = pairs.filter(
    ({ difference, nodeId }) => showsAll || difference !== undefined || nodeId === chosenId,
  )
  if (wanted.length <= most) return { shown: wanted, hidden: 0 }
  const chosen = wanted.filter(({ nodeId }) => nodeId === chosenId)
  const others = wanted.filter(({ nodeId }) => nodeId !== chosenId)
  return { shown: [...chosen, ...others].slice(0, most), hidden: wanted.length - most }
}

/** How many of the steps differ, in words. */
export function sumUp(pairs: readonly StepPair[]): string {
  const uncompared = pairs.filter(({ difference }) => difference === 'not compared').length
  const differing = pairs.filter(({ difference }) => difference !== undefined).length - uncompared
  if (differing + uncompared === 0) return 'Each step ended the same way in both, and gave the same.'
  const found =
    differing === 0
      ? 'No step is known to differ.'
      : `${formatCount(differing, 'step')} of ${pairs.length} differ.`
  if (uncompared === 0) return found
  const look = uncompared === 1 ? '1 step looks' : `${uncompared} steps look`
  return `${found} ${look} the same, not compared as a whole.`
}

/** The agents and tools that both runs use and that are not the same. */
export function listChangedParts(one: PinnedWorkflow, other: PinnedWorkflow) {
  const parts = (pinned: PinnedWorkflow) => [...pinned.agents, ...pinned.tools]
  const before = new Map(parts(one).map((part) => [part.id, part]))
  return parts(other).flatMap((after) => {
    const was = before.get(after.id)
    return was && !areSameEntity(was, after) ? [{ before: was, after }] : []
  })
}

/** A value as lines of text, to be compared line by line. */
export function writeLines(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

function keyOf({ nodeId, path }: Step): string {
  return `${nodeId} ${path}`
}

function tell(one: Step | undefined, other: Step | undefined): Difference | undefined {
  if (!one) return 'second only'
  if (!other) return 'first only'
  if (one.status !== other.status) return 'status'
  return DIFFERENCES[compareValues(one, other, 'output', 'error')]
}

const DIFFERENCES: Readonly<Record<Likeness, Difference | undefined>> = {
  same: undefined,
  'looks the same': 'not compared',
  differs: 'output',
}

/** Of values that came cut it is known how long they are, and how they begin: they may differ behind that. */
export function compareValues<Field extends string>(
  one: { [name in Field]?: Json } & Cuttable,
  other: { [name in Field]?: Json } & Cuttable,
  ...fields: readonly Field[]
): Likeness {
  let likeness: Likeness = 'same'
  for (const field of fields) {
    const [cut, otherCut] = [one.cut?.[field], other.cut?.[field]]
    if (cut && otherCut && cut.chars === otherCut.chars && cut.preview === otherCut.preview)
      likeness = 'looks the same'
    else if (cut || otherCut || !areEqual(one[field], other[field])) return 'differs'
  }
  return likeness
}
