/** The server's time, as far as it is known: a browser's clock may be minutes off, and runs are stamped by the server.
 *  No React. */
const LEAST_SKEW_MS = 2_000 // a `Date` header knows whole seconds, and takes some time to come
const TICK_MS = 1_000

let skew = 0 // what the server's clock is ahead of this one
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

/** Takes over the time of an answer's `Date` header. */
export function noteServerTime(date: string | null): void {
  const sent = Date.parse(date ?? '')
  if (Number.isNaN(sent)) return
  const apart = sent - Date.now()
  skew = Math.abs(apart) < LEAST_SKEW_MS ? 0 : apart
}

/** The time of the server in milliseconds. */
export function serverTime(): number {
  return Date.now() + skew
}

/** Calls the listener every second; returns a function that stops. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(tick, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The time of the last tick; while nobody listens there are none, and it is looked up. */
export function lastTick(): number {
  if (timer === undefined && Math.abs(serverTime() - now) >= TICK_MS) now = serverTime()
  return now
}

function tick(): void {
  now = serverTime()
  for (const listener of [...listeners]) listener()
}
