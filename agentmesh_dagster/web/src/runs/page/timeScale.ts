/** Where moments stand on the timeline. Long stretches in which nothing is at work are drawn short, so that a run that
 *  waited for three days still shows its steps. Moments are milliseconds. No React. */
import { formatDuration } from '../../ui/times'

export interface Stretch {
  from: number
  to: number
}

export interface Tick {
  /** 0 at the beginning of the timeline, 1 at its end. */
  at: number
  label: string
}

/** A pause that is drawn short. */
export interface Cut {
  at: number
  end: number
  label: string
}

export interface TimeScale {
  place: (moment: number) => number
  ticks: readonly Tick[]
  cuts: readonly Cut[]
  /** From beginning to end, in pixels. */
  width: number
}

const LEAST_PAUSE_MS = 10_000 // shorter ones are never cut
const PAUSE_SHARE = 0.5 // of the time without notable pauses: longer ones are cut
const CUT_SHARE = 0.35 // of the time that is not cut: how long all cuts look together
const LEAST_CUT_SHARE = 0.1 // and each of them at least
const CUT_ROOM = 54 // pixels, for `11 min`: that much of the axis, where it is short
const MOST_CUT = 0.4 // of the axis, for all of them
const MOST_CUTS = 6
const MOST_TICKS = 6
const TICK_ROOM = 60 // pixels
const LETTER = 6.8 // pixels, in labels of the axis and of bars
const FRAME = 6 // pixels around a label in a cut or a bar
const BESIDE = 9 // pixels before and behind such a label
const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
]
const LONG_STEPS_MS = [600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000]

/** The scale of a run from its start to its end, or to now; `work` is when some step was at work, and `width` how many
 *  pixels there are for it: what has no room for its label is left out. */
export function makeScale(run: Stretch, work: readonly Stretch[], width = 600): TimeScale {
  const whole = { from: run.from, to: Math.max(run.to, run.from + 1) }
  const pauses = listPauses(whole, work)
  const isNotable = (pause: Stretch) => lengthOf([pause]) > LEAST_PAUSE_MS
  const dense = whole.to - whole.from - lengthOf(pauses.filter(isNotable))
  const long = pauses.filter((pause) => isNotable(pause) && lengthOf([pause]) > dense * PAUSE_SHARE)
  const cut = long.length > MOST_CUTS ? longest(long) : long
  const kept = whole.to - whole.from - lengthOf(cut)
  const count = Math.max(cut.length, 1)
  const room = Math.min(CUT_ROOM / Math.max(width, 1), MOST_CUT / count)
  const share = Math.max(CUT_SHARE / count, LEAST_CUT_SHARE, room / (1 - count * room))
  const shown = Math.max(kept * share, 1)
  const saved = lengthOf(cut) - cut.length * shown
  const length = whole.to - whole.from - saved

  function place(moment: number): number {
    let passed = Math.min(Math.max(moment, whole.from), whole.to) - whole.from
    for (const { from, to } of cut) {
      if (moment <= from) break
      const inside = Math.min(moment, to) - from
      passed -= inside * (1 - shown / (to - from))
    }
    return Math.min(passed / length, 1)
  }
  const cuts = cut.map(({ from, to }) => ({
    at: place(from),
    end: place(to),
    label: formatDuration(to - from),
  }))
  const most = Math.min(MOST_TICKS, Math.max(1, Math.floor(width / TICK_ROOM)))
  return { place, cuts, width, ticks: fitTicks(listTicks(whole, cut, length / most, place), cuts, width) }
}

/** The first of some labels, longest first, that there is room for; '' for none. */
export function fitLabel(labels: readonly string[], room: number): string {
  return labels.find((label) => label.length * LETTER + FRAME <= room) ?? ''
}

/** The ticks whose labels lie neither over each other nor over a cut, and end before the axis does. */
function fitTicks(ticks: readonly Tick[], cuts: readonly Cut[], width: number): Tick[] {
  let end = 0
  return ticks
    .toSorted((one, other) => one.at - other.at)
    .filter(({ at, label }) => {
      const from = at * width
      const to = from + label.length * LETTER + BESIDE
      const isOver =
        from < end || to > width || cuts.some((cut) => from < cut.end * width - 1 && to > cut.at * width)
      if (!isOver) end = to
      return !isOver
    })
}

/** When nothing was at work, in order. */
export function listPauses(whole: Stretch, work: readonly Stretch[]): Stretch[] {
  const pauses: Stretch[] = []
  let busyUntil = whole.from
  for (const { from, to } of work.toSorted((a, b) => a.from - b.from)) {
    if (from > busyUntil) pauses.push({ from: busyUntil, to: Math.min(from, whole.to) })
    busyUntil = Math.max(busyUntil, to)
  }
  if (busyUntil < whole.to) pauses.push({ from: busyUntil, to: whole.to })
  return pauses
}

function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from, 0)
}

function longest(pauses: readonly Stretch[]): Stretch[] {
  const kept = new Set(pauses.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, MOST_CUTS))
  return pauses.filter((pause) => kept.has(pause))
}

/** Round times since the start; behind a cut the time of day, since nobody counts on from there. */
function listTicks(
  whole: Stretch,
  cuts: readonly Stretch[],
  least: number, // between two of them
  place: (at: number) => number,
): Tick[] {
  const step = [...STEPS_MS, ...LONG_STEPS_MS].find((one) => one >= least) ?? least
  const ticks: Tick[] = []
  const firstEnd = cuts[0]?.from ?? whole.to
  for (let since = 0; whole.from + since <= firstEnd; since += step) {
    ticks.push({ at: place(whole.from + since), label: formatSince(since) })
  }
  for (const { to } of cuts) ticks.push({ at: place(to), label: formatClock(to, whole) })
  return ticks
}

function formatSince(ms: number): string {
  if (ms === 0) return '0'
  return ms < 1_000 ? `${ms} ms` : ms % 1_000 === 0 && ms < 60_000 ? `${ms / 1_000} s` : formatDuration(ms)
}

const DAY_MS = 86_400_000
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

function formatClock(moment: number, whole: Stretch): string {
  return (moment - whole.from > DAY_MS ? day : clock).format(moment)
}
