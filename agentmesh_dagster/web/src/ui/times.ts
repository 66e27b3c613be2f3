/** Times and durations in words. */
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'long' })
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

/** `2 min. ago`, `in 3 hr.`; from a month on the day. */
export function formatRelative(moment: Date, now: number): string {
  const apart = moment.getTime() - now
  const size = Math.abs(apart)
  if (size < 5 * SECOND) return 'now'
  if (size < MINUTE) return relative.format(Math.round(apart / SECOND), 'second')
  if (size < HOUR) return relative.format(Math.round(apart / MINUTE), 'minute')
  if (size < DAY) return relative.format(Math.round(apart / HOUR), 'hour')
  if (size < 30 * DAY) return relative.format(Math.round(apart / DAY), 'day')
  return day.format(moment)
}

export function formatExact(moment: Date): string {
  return exact.format(moment)
}

/** A duration in milliseconds: `40 ms`, `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`. */
export function formatDuration(ms: number): string {
  const time = Math.max(0, ms)
  if (time > 0 && time < 0.1 * SECOND) return `${Math.ceil(time)} ms`
  if (time < 10 * SECOND) return `${(time / SECOND).toFixed(1)} s`
  const seconds = Math.round(time / SECOND)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  if (seconds < 86_400)
    return join(Math.floor(seconds / 3_600), 'h', Math.floor((seconds % 3_600) / 60), 'min')
  return join(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3_600), 'h')
}

/** How long something has gone on, in whole seconds: what changes every second needs no tenths. */
export function formatElapsed(ms: number): string {
  return ms < 10 * SECOND ? `${Math.floor(Math.max(0, ms) / SECOND)} s` : formatDuration(ms)
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}
