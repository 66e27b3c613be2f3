/** The events of a run up to now, page by page. No React. */
import { get, path } from '../api/client'
import type { EventLog, Page } from '../api/types'

const LARGEST_PAGE = 1_000

/** Reads all events of a run behind an id; each page is handed over as it comes. Returns the last id. */
export async function readHistory(
  runId: string,
  after: number,
  onEvents: (events: EventLog[]) => void,
  signal: AbortSignal,
): Promise<number> {
  let last = after
  for (;;) {
    // Each page ends where the next one begins.
    // oxlint-disable-next-line no-await-in-loop
    const page = await get<Page<EventLog>>(
      path`runs/${runId}/events`,
      { after: last, limit: LARGEST_PAGE },
      signal,
    )
    if (page.items.length > 0) onEvents(page.items)
    last = page.items.at(-1)?.id ?? last
    if (!page.nextCursor) return last
  }
}
