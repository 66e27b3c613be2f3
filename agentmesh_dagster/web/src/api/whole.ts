/** Large values: lists and live events come without them, and whoever opens one reads it whole. */
import { useQuery } from '@tanstack/react-query'
import { get, path } from './client'
import { keys } from './keys'
import type { Cut, EventLog, Json, Page, Run, Step } from './types'

/** Longer values are cut: in a list, where only their beginning is shown. */
export const LIST_CHARS = 200
/** Longer values are cut: on the page of a run, which holds those of all its steps. */
export const PAGE_CHARS = 20_000

type Field = 'input' | 'output' | 'error'

/** Where the whole of a value stands. */
export type Whole =
  { of: 'run' | 'step'; id: string; field: Field } | { of: 'event'; runId: string; id: number; field: string }

/** A value that came cut. */
export interface Large extends Cut {
  whole: Whole
}

export function largeOf(cut: Cut | undefined, whole: Whole): Large | undefined {
  return cut && { ...cut, whole }
}

export async function readWhole(whole: Whole, signal?: AbortSignal): Promise<Json> {
  switch (whole.of) {
    case 'run':
      return (await get<Run>(path`runs/${whole.id}`, {}, signal))[whole.field] ?? null
    case 'step':
      return (await get<Step>(path`steps/${whole.id}`, {}, signal))[whole.field] ?? null
    case 'event': {
      const just = { after: whole.id - 1, limit: 1 }
      const page = await get<Page<EventLog>>(path`runs/${whole.runId}/events`, just, signal)
      return page.items[0]?.payload[whole.field] ?? null
    }
  }
}

/** The options of a query for the whole of a value. */
export function queryWhole(whole: Whole) {
  return {
    queryKey: keys.whole(whole.of, whole.id, whole.field),
    queryFn: ({ signal }: { signal: AbortSignal }) => readWhole(whole, signal),
    staleTime: Infinity, // a value that was cut was written once
    gcTime: 60_000, // ms; it is large
    structuralSharing: false,
  }
}

export function useWhole(whole: Whole, isWanted: boolean) {
  return useQuery({ ...queryWhole(whole), enabled: isWanted })
}
