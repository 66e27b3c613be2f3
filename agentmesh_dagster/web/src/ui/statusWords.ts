/** The words for a status. No React. */
import type { StepStatus } from '../api/types'

const WORDS: Record<StepStatus, string> = {
  pending: 'Pending',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  waiting_human: 'Waiting',
  waiting: 'Waiting',
  skipped: 'Skipped',
  canceled: 'Canceled',
}

/** What a status is called. */
export function statusWord(status: StepStatus): string {
  return WORDS[status]
}
