import { useSyncExternalStore } from 'react'
import { lastTick, onTick } from './clock'
import { formatDuration, formatElapsed, formatExact, formatRelative } from './times'
import { useNow } from './useNow'

interface Props {
  at: string | undefined
  /** Whether it may lie ahead: a deadline. What has happened is never shown as ahead, whatever clock stamped it. */
  mayBeAhead?: boolean
}

/** A moment, relative to now; the exact one on hover. */
export function Time({ at, mayBeAhead = false }: Props) {
  // Only the words are watched: they change far less often than the clock.
  const words = useSyncExternalStore(onTick, () => describe(at, mayBeAhead, lastTick()))
  if (!at) return <span className="muted">–</span>
  return (
    <time dateTime={at} title={formatExact(new Date(at))}>
      {words}
    </time>
  )
}

function describe(at: string | undefined, mayBeAhead: boolean, now: number): string {
  if (!at) return ''
  const moment = Date.parse(at)
  return formatRelative(new Date(mayBeAhead ? moment : Math.min(moment, now)), now)
}

/** How long something took; while it goes on, how long it has taken so far. */
export function Duration({ from, to }: { from: string | undefined; to: string | undefined }) {
  if (!from) return <span className="muted">–</span>
  return to ? <span>{formatDuration(Date.parse(to) - Date.parse(from))}</span> : <SoFar from={from} />
}

function SoFar({ from }: { from: string }) {
  const now = useNow()
  return <span>{formatElapsed(now - Date.parse(from))}</span>
}
