import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { keys } from '../../api/keys'
import { readSteps, useRun } from '../../api/runs'
import type { EventLog, Run } from '../../api/types'
import { joinRun } from './runState'
import { isBehind, joinSteps } from './runSteps'
import type { Listing, RunStep } from './runSteps'
import type { StreamStatus } from './stream'
import { useRunEvents } from './useRunEvents'

export interface LiveRunView {
  run: Run
  steps: readonly RunStep[]
  events: readonly EventLog[]
  stream: StreamStatus
  /** Why nothing is live just now. */
  error?: unknown
  /** Reads the list of steps anew: an input is known only from there. */
  refresh: () => void
}

/** A run as it is now: what the API lists, brought up to date by its events. Undefined until the API has answered. */
export function useLiveRun(id: string): {
  view: LiveRunView | undefined
  error: unknown
  refetch: () => void
} {
  const [take, setTake] = useState(0)
  const runQuery = useRun(id)
  const { state, events, stream, error } = useRunEvents(id, take)
  const lastEventId = useRef(0)
  useEffect(() => {
    lastEventId.current = state.lastEventId
  })
  const listing = useQuery({
    queryKey: [...keys.steps(id), 'listing'],
    queryFn: ({ signal }) => readListing(id, lastEventId.current, signal),
    refetchOnWindowFocus: false,
  })
  const { data: listed, refetch: refetchSteps } = listing
  const { data: run, refetch: refetchRun, dataUpdatedAt } = runQuery

  const isOver = stream === 'over'
  const isStale =
    isOver && listed !== undefined && listed.after < state.lastEventId && isBehind(listed, state.steps)
  useEffect(() => {
    if (isStale) void refetchSteps()
  }, [isStale, refetchSteps])

  const overSince = useRef(Infinity)
  useEffect(() => {
    overSince.current = isOver ? Date.now() : Infinity
    if (isOver) void refetchRun()
  }, [isOver, refetchRun])
  // Dagster's UI can take up a failed run again.
  const goesOn = run !== undefined && (run.status === 'running' || run.status === 'pending')
  useEffect(() => {
    if (goesOn && dataUpdatedAt > overSince.current) setTake((before) => before + 1)
  }, [goesOn, dataUpdatedAt])

  const refresh = useCallback(() => void refetchSteps({ cancelRefetch: false }), [refetchSteps])
  const steps = useMemo(() => joinSteps(listed, state.steps), [listed, state.steps])
  const view = useMemo(() => {
    if (run === undefined || (listed === undefined && state.lastEventId === 0)) return undefined
    return {
      run: joinRun(run, state),
      steps,
      events,
      stream,
      error,
      refresh,
    }
  }, [run, listed, state, steps, events, stream, error, refresh])
  return {
    view,
    error: runQuery.error ?? listing.error,
    refetch: () => {
      void refetchRun()
      void refetchSteps()
    },
  }
}

async function readListing(runId: string, after: number, signal: AbortSignal): Promise<Listing> {
  return { steps: await readSteps(runId, signal), after }
}
