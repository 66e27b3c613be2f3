/** What was typed into a gate's card and not sent yet, kept in this tab. No React. */
import type { Draft } from './answer'

const PREFIX = 'agentmesh.draft.'

export function readDraft(
  stepId: string,
  storage: Pick<Storage, 'getItem'> = sessionStorage,
): Draft | undefined {
  try {
    const text = storage.getItem(PREFIX + stepId)
    return text === null ? undefined : (JSON.parse(text) as Draft)
  } catch {
    return undefined // no storage
  }
}

/** Undefined forgets it. */
export function keepDraft(
  stepId: string,
  draft: Draft | undefined,
  storage: Pick<Storage, 'setItem' | 'removeItem'> = sessionStorage,
): void {
  try {
    if (draft === undefined) storage.removeItem(PREFIX + stepId)
    else storage.setItem(PREFIX + stepId, JSON.stringify(draft))
  } catch {
    // Full, or none: it lasts as long as the card is shown.
  }
}
