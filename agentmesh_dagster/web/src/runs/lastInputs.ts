/** The input with which each workflow was last started from this browser. */
import type { Json } from '../api/types'

const PREFIX = 'agentmesh.input.'

export function readLastInput(
  workflowId: string,
  storage: Pick<Storage, 'getItem'> = localStorage,
): Json | undefined {
  try {
    const text = storage.getItem(PREFIX + workflowId)
    return text === null ? undefined : (JSON.parse(text) as Json)
  } catch {
    return undefined // no storage, or something else in it
  }
}

export function keepLastInput(
  workflowId: string,
  input: Json,
  storage: Pick<Storage, 'setItem'> = localStorage,
): void {
  try {
    storage.setItem(PREFIX + workflowId, JSON.stringify(input))
  } catch {
    // Full, or none: the next dialog starts with the defaults.
  }
}
