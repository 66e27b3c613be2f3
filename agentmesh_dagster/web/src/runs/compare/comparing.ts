/** What differs between two runs: step by step, each at its place. No React. */
import type { GraphNode, Json, PinnedWorkflow, Step } from '../../api/types'
import { areEqual } from '../../schema/json'
import { areSameEntity } from '../../graph/compare'

/** What is to be seen of a pair first. */
export type Difference = 'status' | 'output' | 'first only' | 'second only'

/** The steps of both runs at one place; at least one of them is there. */
export interface StepPair {
  key: string
  node: GraphNode | undefined
  nodeId: string
  path: string
  one: Step | undefined
  other: Step | undefined
  /** Undefined: they have done the same. */
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
  return isSameValue(one, other, 'output') && isSameValue(one, other, 'error') ? undefined : 'output'
}

/** Of values that came cut, what is known of them decides: how long they are, and how they begin. */
export function isSameValue<Field extends string>(
  one: { [name in Field]?: Json } & Cuttable,
  other: { [name in Field]?: Json } & Cuttable,
  field: Field,
): boolean {
  const [cut, otherCut] = [one.cut?.[field], other.cut?.[field]]
  if (cut || otherCut) return cut?.chars === otherCut?.chars && cut?.preview === otherCut?.preview
  return areEqual(one[field], other[field])
}

interface Cuttable {
  cut?: Readonly<Record<string, { chars: number; preview: string }>>
}
