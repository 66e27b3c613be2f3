/** The live events of one run. The server ends each response after some seconds; the browser comes back with
 *  Last-Event-ID, so that nothing is missed and nothing comes twice. No React. */
import type { EventLog, EventType } from '../../api/types'

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

/** Every type of event, and whether it is one of a run: a browser gives only those that are asked for by name. */
const IS_OF_RUN: Readonly<Record<EventType, boolean>> = {
  'run.started': true,
  'run.completed': true,
  'run.failed': true,
  'run.canceled': true,
  'step.started': true,
  'step.completed': true,
  'step.failed': true,
  'step.caught': true,
  'step.waiting_human': true,
  'step.waiting': true,
  'step.edited': true,
  'step.child_started': true,
  'step.skipped': true,
  'step.retrying': true,
  'gate.taken_over': true,
  'gate.canceled': true,
  'gate.answered': true,
  'agent.request': true,
  'agent.response': true,
  'tool.request': true,
  'tool.response': true,
  'secret.used': true,
  'run.pruned': false, // the run is not there any more
  'entity.saved': false,
  'entity.deleted': false,
  'draft.discarded': false,
  'event.received': false,
  'tool.tried': false,
  'agent.tried': false,
  'login.succeeded': false,
  'login.failed': false,
  'user.saved': false,
  'user.deleted': false,
  'token.created': false,
  'token.revoked': false,
  'hook.created': false,
  'hook.rotated': false,
  'hook.deleted': false,
}
const EVENT_TYPES = Object.entries(IS_OF_RUN).flatMap(([type, isOfRun]) => (isOfRun ? [type] : []))

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
