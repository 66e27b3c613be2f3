import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { get } from '../api/client'
import { keys } from '../api/keys'
import { useRuns } from '../api/runs'
import type { Page, Run } from '../api/types'
import { LIST_CHARS } from '../api/whole'

const LOOK_BACK = 200 // runs
const LOOK_EVERY_MS = 5_000

/** The newest run of each of these workflows, by workflow id, live: those of the last 200 runs of the project (or of
 *  all), and of a workflow that is not among these its own newest. null: it never ran; not there: not known yet. */
export function useLastRuns(
  workflowIds: readonly string[],
  projectId?: string,
): ReadonlyMap<string, Run | null> {
  const { data } = useRuns({ projectId, limit: LOOK_BACK }, LOOK_EVERY_MS)
  const page = data?.pages[0]
  const recent = useMemo(() => {
    const found = new Map<string, Run>()
    for (const run of page?.items ?? []) if (!found.has(run.workflowId)) found.set(run.workflowId, run)
    return found
  }, [page])
  const isAll = page !== undefined && page.nextCursor === undefined
  const others = page === undefined || isAll ? [] : workflowIds.filter((id) => !recent.has(id))
  const older = useQueries({
    queries: others.map((id) => ({
      queryKey: keys.runs({ workflowId: id, limit: 1 }),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<Page<Run>>('runs', { workflowId: id, limit: 1, maxValueChars: LIST_CHARS }, signal).then(
          ({ items }) => items[0] ?? null,
        ),
      staleTime: Infinity, // a newer one would be among the last runs
    })),
  })
  const known = new Map<string, Run | null>(recent)
  for (const [at, id] of others.entries()) {
    const run = older[at]?.data
    if (run !== undefined) known.set(id, run)
  }
  if (isAll) for (const id of workflowIds) if (!known.has(id)) known.set(id, null)
  return known
}
