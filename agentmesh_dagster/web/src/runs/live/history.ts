/** The events of a run up to now. No React. */
import { get, path } from '../../api/client'
import type { EventLog, Page } from '../../api/types'
import { PAGE_CHARS } from '../../api/whole'

const LARGEST_PAGE = 1_000

/** All events of a run behind an id, read page by page and given at once: each time that some come, all is
 *  drawn anew. Large values are cut. */
export async function readHistory(runId: string, after: number, signal: AbortSignal): Promise<EventLog[]> {
  const events: EventLog[] = []
  for (;;) {
    const last = events.at(-1)?.id ?? after
    // Each page ends where the next one begins.
    // oxlint-disable-next-line no-await-in-loop
    const page = await get<Page<EventLog>>(
      path`runs/${runId}/events`,
      { after: last, limit: LARGEST_PAGE, maxValueChars: PAGE_CHARS },
      signal,
    )
    events.push(...page.items)
    if (!page.nextCursor) return events
  }
}
