import { useEffect, useState } from 'react'
import { useNow } from './useNow'
import { tellDuration, tellExact, tellRelative } from './times'

/** A moment, relative to now; the exact one on hover. */
export function Time({ at }: { at: string | undefined }) {
  const now = useNow()
  if (!at) return <span className="muted">–</span>
  const moment = new Date(at)
  return (
    <time dateTime={at} title={tellExact(moment)}>
      {tellRelative(moment, now)}
    </time>
  )
}

/** How long something took; while it goes on, how long it has taken so far. */
export function Duration({ from, to }: { from: string | undefined; to: string | undefined }) {
  if (!from) return <span className="muted">–</span>
  return to ? <span>{tellDuration(Date.parse(to) - Date.parse(from))}</span> : <SoFar from={from} />
}

function SoFar({ from }: { from: string }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return <span>{tellDuration(Math.floor((now - Date.parse(from)) / 1_000) * 1_000)}</span>
}
