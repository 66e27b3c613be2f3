import { expect, it } from 'vitest'
import { formatDuration, formatElapsed, formatRelative } from './times'

it('tells durations in two units at most', () => {
  const told = [40, 9_949, 59_400, 60_000, 185_000, 7_440_000, 266_400_000, -5].map(formatDuration)
  expect(told).toEqual(['40 ms', '9.9 s', '59 s', '1 min', '3 min 5 s', '2 h 4 min', '3 d 2 h', '0.0 s'])
})

it('tells what goes on in whole seconds', () => {
  expect([-5, 940, 5_999, 61_000].map(formatElapsed)).toEqual(['0 s', '0 s', '5 s', '1 min 1 s'])
})

it('tells times relative to now, in both directions', () => {
  const now = Date.UTC(2026, 0, 31, 12)
  const at = (ms: number) => formatRelative(new Date(now + ms), now)
  expect([at(-1_000), at(-30_000), at(-120_000), at(7_200_000), at(-86_400_000)]).toEqual([
    'now',
    '30 sec. ago',
    '2 min. ago',
    'in 2 hr.',
    'yesterday',
  ])
  expect(at(-40 * 86_400_000)).toContain('2025')
})
