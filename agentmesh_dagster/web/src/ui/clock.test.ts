import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { lastTick, noteServerTime, onTick, serverTime } from './clock'

const NOON = Date.parse('2026-05-01T12:00:00Z')

describe('the clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOON })
    noteServerTime(new Date(NOON).toUTCString())
  })
  afterEach(() => void vi.useRealTimers())

  it('goes on while nobody looks at it', () => {
    const stop = onTick(() => undefined)
    stop()
    vi.advanceTimersByTime(14_000)
    expect(lastTick()).toBe(NOON + 14_000)
  })
  it('ticks every second for all who look, and stops with the last of them', () => {
    const ticks: number[] = []
    const stops = [onTick(() => ticks.push(lastTick())), onTick(() => undefined)]
    vi.advanceTimersByTime(3_000)
    expect(ticks).toEqual([NOON + 1_000, NOON + 2_000, NOON + 3_000])
    for (const stop of stops) stop()
    expect(vi.getTimerCount()).toBe(0)
  })
  it('is the server’s, if this machine’s is off', () => {
    noteServerTime(new Date(NOON + 3_600_000).toUTCString())
    expect(serverTime()).toBe(NOON + 3_600_000)
    noteServerTime(new Date(NOON + 1_000).toUTCString())
    expect(serverTime()).toBe(NOON)
    noteServerTime(null)
    noteServerTime('yesterday')
    expect(serverTime()).toBe(NOON)
  })
})
