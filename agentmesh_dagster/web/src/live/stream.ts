/** The live events of one run. The server ends each response after some seconds; the browser comes back with
 *  Last-Event-ID, so that nothing is missed and nothing comes twice. No React. */
import type { EventLog } from '../api/types'

/** `late`: nothing has come for longer than a reconnect takes. */
export type StreamStatus = 'connecting' | 'live' | 'late' | 'over'

export interface StreamListener {
  /** Events in the order of their ids; a burst comes as one call. */
  onEvents: (events: EventLog[]) => void
  onStatus: (status: StreamStatus) => void
}

/** The part of EventSource that is used here. */
export interface Source {
  readyState: number
  addEventListener: (type: string, listener: (event: MessageEvent<string>) => void) => void
  close: () => void
}

const CLOSED = 2 // EventSource.CLOSED
const TRY_AGAIN_MS = 3_000
const LATE_MS = 4_000 // the browser comes back a second after each response
const GATHER_MS = 50 // a run of 500 steps tells its past in one burst

const EVENT_TYPES = [
  'run.started',
  'run.completed',
  'run.failed',
  'run.canceled',
  'step.started',
  'step.completed',
  'step.failed',
  'step.waiting_human',
  'step.skipped',
  'step.retrying',
  'gate.answered',
  'agent.request',
  'agent.response',
  'tool.request',
  'tool.response',
]

/** Follows a run until it is over; returns a function that stops. `address` gives the URL of the events after an id. */
export function followRun(
  address: (after: number) => string,
  after: number,
  listener: StreamListener,
  connect: (url: string) => Source = (url) => new EventSource(url) as Source,
): () => void {
  let lastId = after
  let source: Source | undefined
  let gathered: EventLog[] = []
  let gathering: ReturnType<typeof setTimeout> | undefined
  let waiting: ReturnType<typeof setTimeout> | undefined
  let lateness: ReturnType<typeof setTimeout> | undefined

  function flush(): void {
    clearTimeout(gathering)
    gathering = undefined
    if (gathered.length === 0) return
    const events = gathered
    gathered = []
    listener.onEvents(events)
  }

  function take(message: MessageEvent<string>): void {
    const event = JSON.parse(message.data) as EventLog
    if (event.id <= lastId) return
    lastId = event.id
    gathered.push(event)
    gathering ??= setTimeout(flush, GATHER_MS)
  }

  function open(): void {
    source = connect(address(lastId))
    source.addEventListener('open', () => {
      clearTimeout(lateness)
      lateness = undefined
      listener.onStatus('live')
    })
    source.addEventListener('error', onError)
    source.addEventListener('end', () => {
      stop()
      listener.onStatus('over')
    })
    for (const type of EVENT_TYPES) source.addEventListener(type, take)
  }

  function onError(): void {
    lateness ??= setTimeout(() => listener.onStatus('late'), LATE_MS)
    if (source?.readyState !== CLOSED) return // the browser tries again by itself
    source.close()
    clearTimeout(waiting)
    waiting = setTimeout(open, TRY_AGAIN_MS)
  }

  function stop(): void {
    clearTimeout(waiting)
    clearTimeout(lateness)
    source?.close()
    flush()
  }

  listener.onStatus('connecting')
  open()
  return stop
}
