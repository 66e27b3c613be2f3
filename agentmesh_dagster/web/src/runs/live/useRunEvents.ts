import { useEffect, useReducer, useRef } from 'react'
import { useIsShown } from './useIsShown'
import { apiUrl, path } from '../../api/client'
import type { EventLog } from '../../api/types'
import { PAGE_CHARS } from '../../api/whole'
import { readHistory } from './history'
import { foldEvents, NOTHING_YET } from './runState'
import type { RunState } from './runState'
import { followRun } from './stream'
import type { StreamStatus } from './stream'

export interface LiveRun {
  state: RunState
  /** All events so far, oldest first. */
  events: readonly EventLog[]
  stream: StreamStatus
  /** Why the events up to now could not be read. */
  error?: unknown
}

type Change = { events: EventLog[] } | { stream: StreamStatus } | { error: unknown }

const TRY_AGAIN_MS = 3_000

const START: LiveRun = { state: NOTHING_YET, events: [], stream: 'connecting' }

/** The events of a run: those up to now in pages, then as they happen. For one run only: give the component a key.
 *  `take` is raised by one to follow a run again that was over. */
export function useRunEvents(runId: string, take: number): LiveRun {
  const [live, change] = useReducer(reduce, START)
  const lastId = useRef(0)
  const isShown = useIsShown()
  useEffect(() => {
    if (!isShown) return undefined // a browser has few connections: a page that nobody sees leaves them to others
    const reading = new AbortController()
    let stop: (() => void) | undefined
    const onEvents = (events: EventLog[]) => {
      lastId.current = Math.max(lastId.current, events.at(-1)?.id ?? 0)
      change({ events })
    }
    let waiting: ReturnType<typeof setTimeout> | undefined
    const read = () =>
      readHistory(runId, lastId.current, reading.signal).then(
        (events) => {
          if (reading.signal.aborted) return
          if (events.length > 0) onEvents(events)
          const address = (after: number) =>
            apiUrl(path`runs/${runId}/events`, { after, maxValueChars: PAGE_CHARS })
          stop = followRun(address, lastId.current, { onEvents, onStatus: (stream) => change({ stream }) })
        },
        (error: unknown) => {
          if (reading.signal.aborted) return
          change({ error })
          waiting = setTimeout(() => void read(), TRY_AGAIN_MS)
        },
      )
    void read()
    return () => {
      clearTimeout(waiting)
      reading.abort()
      stop?.()
    }
    // `take`: the run goes on that was over.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [runId, isShown, take])
  return live
}

function reduce(live: LiveRun, change: Change): LiveRun {
  if ('stream' in change) return { ...live, stream: change.stream, error: undefined }
  if ('error' in change) return { ...live, error: change.error }
  const fresh = change.events.filter(({ id }) => id > live.state.lastEventId)
  return { ...live, state: foldEvents(live.state, fresh), events: [...live.events, ...fresh] }
}
