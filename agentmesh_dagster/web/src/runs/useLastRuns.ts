import { useMemo } from 'react'
import { useRuns } from '../api/runs'
import type { Run } from '../api/types'

const LOOK_BACK = 200 // runs
const LOOK_EVERY_MS = 5_000

/** The newest run of each workflow, by workflow id, among the last 200 of a project or of all; live. */
export function useLastRuns(projectId?: string): { byWorkflow: ReadonlyMap<string, Run>; isKnown: boolean } {
  const { data } = useRuns({ projectId, limit: LOOK_BACK }, LOOK_EVERY_MS)
  return useMemo(() => {
    const byWorkflow = new Map<string, Run>()
    for (const run of data?.pages[0]?.items ?? []) {
      if (!byWorkflow.has(run.workflowId)) byWorkflow.set(run.workflowId, run)
    }
    return { byWorkflow, isKnown: data !== undefined }
  }, [data])
}
