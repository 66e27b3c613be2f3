/** Runs, their steps, and the gates at which they wait. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { get, path, post } from './client'
import type { Query } from './client'
import { keys } from './keys'
import { LIST_CHARS, PAGE_CHARS } from './whole'
import type { BudgetUse, Gate, Json, Page, PinnedWorkflow, Run, Step } from './types'

const LARGEST_PAGE = 200

export function useRuns(query: Query, refetchInterval: number | false = false) {
  return useInfiniteQuery({
    queryKey: keys.runs(query),
    queryFn: ({ pageParam, signal }) =>
      get<Page<Run>>('runs', { ...query, cursor: pageParam, maxValueChars: LIST_CHARS }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval,
  })
}

export function useRun(id: string, refetchInterval: number | false = false) {
  return useQuery({
    queryKey: keys.run(id),
    queryFn: ({ signal }) => get<Run>(path`runs/${id}`, { maxValueChars: PAGE_CHARS }, signal),
    refetchInterval,
  })
}

/** All steps of a run, in the order in which they began. */
export function useSteps(runId: string, refetchInterval: number | false = false) {
  return useQuery({
    queryKey: keys.steps(runId),
    queryFn: ({ signal }) => readSteps(runId, signal),
    refetchInterval,
  })
}

/** All steps of a run, in the order in which they began; large values are cut. */
export async function readSteps(runId: string, signal?: AbortSignal): Promise<Step[]> {
  const steps: Step[] = []
  let cursor: string | undefined
  do {
    const query = { cursor, limit: LARGEST_PAGE, maxValueChars: PAGE_CHARS }
    // Each page names the next one.
    // oxlint-disable-next-line no-await-in-loop
    const page: Page<Step> = await get(path`runs/${runId}/steps`, query, signal)
    steps.push(...page.items)
    cursor = page.nextCursor
  } while (cursor)
  return steps
}

export function usePinnedWorkflow(runId: string) {
  return useQuery({
    queryKey: keys.pinned(runId),
    queryFn: ({ signal }) => get<PinnedWorkflow>(path`runs/${runId}/workflow`, {}, signal),
    staleTime: Infinity, // a run never changes what it runs
  })
}

/** What of the budgets around a run is used up; asked anew while it goes on. */
export function useRunBudgets(run: Run) {
  const isOpen = run.status === 'pending' || run.status === 'running'
  return useQuery({
    queryKey: [...keys.budgets(run.id), run.status],
    queryFn: ({ signal }) => get<Page<BudgetUse>>(path`runs/${run.id}/budgets`, {}, signal),
    refetchInterval: isOpen ? 5_000 : false,
  })
}

/** What a run is started with. */
export interface NewRun {
  /** Left out of a run that makes an asset: what follows from its partition and from upstream. */
  input?: Json
  /** Whether it makes a version of the workflow's asset. */
  materialize?: boolean
  partition?: string
}

export function useStartRun(workflowId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (given: NewRun) => post<{ runId: string }>(path`workflows/${workflowId}/runs`, { ...given }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.allRuns }),
  })
}

/** What a run is forked with: see `NewFork` of the API. */
export interface Fork {
  fromNodeId: string
  path: string
  outputs: Record<string, Json>
  /** Left out: that of the run. */
  input?: Json
  revision: 'same' | 'newest'
}

/** Starts a run that goes on from a step of this one. Problem 422: all that is wrong, as issues. */
export function useForkRun(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (fork: Fork) => post<{ runId: string }>(path`runs/${id}/fork`, { ...fork }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.allRuns }),
  })
}

export function useCancelRun(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => post<Run>(path`runs/${id}/cancel`),
    onSuccess: (run) => {
      client.setQueryData(keys.run(id), run)
      void client.invalidateQueries({ queryKey: keys.allRuns })
      void client.invalidateQueries({ queryKey: keys.allGates })
    },
  })
}

/** Continues a failed run from what failed: finished steps stay, gates ask anew. */
export function useRetryRun(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => post<{ runId: string; launchId: string }>(path`runs/${id}/retry`),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.allRuns })
      void client.invalidateQueries({ queryKey: keys.allGates })
      void client.invalidateQueries({ queryKey: keys.overview })
    },
  })
}

export function useGates(query: Query = {}, refetchInterval: number | false = false) {
  return useInfiniteQuery({
    queryKey: keys.gates(query),
    queryFn: ({ pageParam, signal }) => get<Page<Gate>>('gates', { ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval,
  })
}

/** A gate, looked at again as long as it is open: once closed it changes no more. */
export function useGate(stepId: string, lookEvery: number | false = false) {
  return useQuery({
    queryKey: keys.gate(stepId),
    queryFn: ({ signal }) => get<Gate>(path`gates/${stepId}`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.state === 'open' ? lookEvery : false),
  })
}

/** Answers a gate. Problem 409: somebody was first; 422: the answer does not fit the gate's schema. */
export function useAnswer(stepId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (output: Json) => post<Gate>(path`steps/${stepId}/human-complete`, { output }),
    onSuccess: (gate) => client.setQueryData(keys.gate(stepId), gate),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.allGates })
      void client.invalidateQueries({ queryKey: keys.allRuns })
      void client.invalidateQueries({ queryKey: keys.overview })
    },
  })
}
