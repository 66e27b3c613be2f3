/** Lengths of time in the unit that suits them. No React. */

export const UNITS = [
  ['seconds', 1],
  ['minutes', 60],
  ['hours', 3_600],
  ['days', 86_400],
] as const

export type Unit = (typeof UNITS)[number][0]

/** The largest unit of which it is a whole number. */
export function bestUnit(seconds: number | undefined): Unit {
  if (seconds === undefined || seconds === 0) return 'hours'
  return UNITS.findLast(([, size]) => seconds % size === 0)?.[0] ?? 'seconds'
}

export function sizeOf(unit: Unit): number {
  return UNITS.find(([one]) => one === unit)?.[1] ?? 1
}

/** `2 hours` */
export function formatDuration(seconds: number): string {
  const unit = bestUnit(seconds)
  const amount = seconds / sizeOf(unit)
  return `${amount} ${amount === 1 ? unit.slice(0, -1) : unit}`
}
