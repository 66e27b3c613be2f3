/** Places that people gave to nodes, kept in this browser for each workflow. */
import type { Positions } from './layout'

const PREFIX = 'agentmesh.positions.'

export function readPositions(
  workflowId: string,
  storage: Pick<Storage, 'getItem'> = localStorage,
): Positions {
  try {
    const kept = JSON.parse(storage.getItem(PREFIX + workflowId) ?? '{}') as Record<string, [number, number]>
    return new Map(Object.entries(kept).map(([id, [x, y]]) => [id, { x, y }]))
  } catch {
    return new Map() // no storage, or something else in it
  }
}

export function keepPositions(
  workflowId: string,
  positions: Positions,
  storage: Pick<Storage, 'setItem'> = localStorage,
): void {
  const kept = Object.fromEntries(
    [...positions].map(([id, { x, y }]) => [id, [Math.round(x), Math.round(y)]]),
  )
  try {
    storage.setItem(PREFIX + workflowId, JSON.stringify(kept))
  } catch {
    // Full, or none: the next visit lays the graph out anew.
  }
}
