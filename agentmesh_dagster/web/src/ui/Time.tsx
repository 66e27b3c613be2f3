import { useEffect, useState } from 'react'
import { useNow } from './useNow'
import { formatDuration, formatExact, formatRelative } from './times'

/** A moment, relative to now; the exact one on hover. */
export function Time({ at }: { at: string | undefined }) {
  const now = useNow()
  if (!at) return <span className="muted">–</span>
  const moment = new Date(at)
  return (
    <time dateTime={at} title={formatExact(moment)}>
      {formatRelative(moment, now)}
    </time>
  )
}

/** How long something took; while it goes on, how long it has taken so far. */
export function Duration({ from, to }: { from: string | undefined; to: string | undefined }) {
  if (!from) return <span className="muted">–</span>
  return to ? <span>{formatDuration(Date.parse(to) - Date.parse(from))}</span> : <SoFar from={from} />
}

function SoFar({ from }: { from: string }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return <span>{formatDuration(Math.floor((now - Date.parse(from)) / 1_000) * 1_000)}</span>
}
