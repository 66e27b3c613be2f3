/** What waits, in the order in which one would look at it. No React. */
import type { Gate } from '../api/types'

export interface Queue {
  key: 'mine' | 'anybody' | 'others'
  title: string
  gates: readonly Gate[]
}

const TITLES = {
  mine: 'Assigned to you',
  anybody: 'Assigned to anyone',
  others: 'Assigned to others',
} as const

/** Mine first, then what anybody may answer, then the rest; in each the oldest first. Empty ones are left out. */
export function sortGates(gates: readonly Gate[], name: string | undefined): Queue[] {
  const of = (gate: Gate): Queue['key'] =>
    gate.assignees.length === 0
      ? 'anybody'
      : name !== undefined && gate.assignees.includes(name)
        ? 'mine'
        : 'others'
  const oldest = gates.toSorted((one, other) => (one.openedAt < other.openedAt ? -1 : 1))
  return (['mine', 'anybody', 'others'] as const)
    .map((key) => ({ key, title: TITLES[key], gates: oldest.filter((gate) => of(gate) === key) }))
    .filter((queue) => queue.gates.length > 0)
}

/** The gate to look at after this one; undefined when no other waits. */
export function nextGate(queues: readonly Queue[], stepId: string): Gate | undefined {
  const all = queues.flatMap((queue) => queue.gates)
  const at = all.findIndex((gate) => gate.stepId === stepId)
  const others = all.filter((gate) => gate.stepId !== stepId)
  return others[at < 0 ? 0 : at % Math.max(others.length, 1)]
}
