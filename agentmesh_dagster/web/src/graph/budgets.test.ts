import { expect, test } from 'vitest'
import { formatBudget, listUsed } from './budgets'

test('a budget is told by its limits', () => {
  expect(formatBudget({ usd: 1, calls: 1500 })).toBe('$1.00, 1,500 calls')
})

test('of each limit it is told what is used up, and never more than all of it', () => {
  const use = { name: 'the run', usd: 0.0123, tokens: 900, calls: 3, seconds: 2.34, callsAtWork: 0 }
  const used = listUsed({ ...use, budget: { usd: 0.1, tokens: 600 } })
  expect(used.map(({ text }) => text)).toEqual(['$0.0123 of $0.10', '900 of 600 tokens'])
  expect(used.map(({ share }) => share)).toEqual([0.123, 1])
})
