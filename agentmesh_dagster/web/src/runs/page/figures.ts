/** Tokens, cost and counts in words. No React. */
import { statusWord } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import type { Usage } from '../live/foldStep'
import { WORST_FIRST } from '../live/nodeStates'

const whole = new Intl.NumberFormat('en')

/** `1,204 tokens in, 310 out`. */
export function formatTokens({ inputTokens, outputTokens }: Usage): string {
  return `${whole.format(inputTokens)} tokens in, ${whole.format(outputTokens)} out`
}

/** `$0.0123`; `at least $0.01` where the price of a call is not known, undefined where it is of none. */
export function formatCost({ costUsd, unpriced, calls }: Usage): string | undefined {
  if (unpriced === calls) return undefined
  return `${unpriced > 0 ? 'at least ' : ''}$${writeDollars(costUsd)}`
}

/** `8 succeeded, 2 skipped`: what needs a look first. */
export function formatCounts(counts: ReadonlyMap<ShownStatus, number>): string {
  return WORST_FIRST.filter((status) => counts.has(status))
    .map((status) => `${whole.format(counts.get(status) ?? 0)} ${statusWord(status).toLowerCase()}`)
    .join(', ')
}

/** `12 kB`, `2.1 MB`: of a text with so many characters. */
export function formatSize(chars: number): string {
  if (chars < 1_000_000) return `${whole.format(Math.ceil(chars / 1_000))} kB`
  return `${(chars / 1_000_000).toFixed(1)} MB`
}

/** `1 step`, `12 steps`. */
export function formatCount(count: number, one: string): string {
  return `${whole.format(count)} ${one}${count === 1 ? '' : 's'}`
}

/** Two places from a cent on; below, two figures that count. */
function writeDollars(dollars: number): string {
  if (dollars === 0) return '0'
  return dollars >= 0.01 ? dollars.toFixed(2) : String(Number(dollars.toPrecision(2)))
}
