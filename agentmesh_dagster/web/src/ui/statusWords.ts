/** The words for a status. No React. */
import type { StepStatus } from '../api/types'

/** What is shown of a step: of one that failed, and behind which its run went on, neither a failure nor a success. */
export type ShownStatus = StepStatus | 'caught' | 'fallback'

const WORDS: Record<ShownStatus, string> = {
  pending: 'Pending',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  waiting_human: 'Waiting',
  waiting: 'Waiting',
  skipped: 'Skipped',
  canceled: 'Canceled',
  caught: 'Caught',
  fallback: 'Fallback',
}

/** What a status is called. */
export function statusWord(status: ShownStatus): string {
  return WORDS[status]
}

/** What is shown of a step. */
export function shownStatus(step: {
  status: StepStatus
  caught?: boolean | undefined
  usedFallback?: boolean | undefined
}): ShownStatus {
  if (step.status === 'failed' && step.caught) return 'caught'
  return step.status === 'succeeded' && step.usedFallback ? 'fallback' : step.status
}
