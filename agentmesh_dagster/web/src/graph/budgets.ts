/** Budgets in words. No React. */
import type { Budget, BudgetUse } from '../api/types'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 4 })

type Limit = keyof Budget

const UNITS: Record<Limit, string> = { usd: '', tokens: ' tokens', calls: ' calls', seconds: ' s' }

/** `$1.00, 500 calls`. */
export function formatBudget(budget: Budget): string {
  return listLimits(budget)
    .map(([limit, value]) => `${write(limit, value)}${UNITS[limit]}`)
    .join(', ')
}

export interface UsedLimit {
  limit: Limit
  /** `$0.12 of $1.00`, `3 of 500 calls`. */
  text: string
  /** From 0 to 1: what of it is used up. */
  share: number
}

/** What of each limit is used up. */
export function listUsed(use: BudgetUse): UsedLimit[] {
  return listLimits(use.budget).map(([limit, value]) => ({
    limit,
    text: `${write(limit, use[limit])} of ${write(limit, value)}${UNITS[limit]}`,
    share: Math.min(1, use[limit] / value),
  }))
}

function write(limit: Limit, value: number): string {
  return limit === 'usd' ? dollars.format(value) : whole.format(value)
}

function listLimits(budget: Budget): [Limit, number][] {
  const limits: [Limit, number | null | undefined][] = [
    ['usd', budget.usd],
    ['tokens', budget.tokens],
    ['calls', budget.calls],
    ['seconds', budget.seconds],
  ]
  return limits.filter((pair): pair is [Limit, number] => pair[1] != null)
}
