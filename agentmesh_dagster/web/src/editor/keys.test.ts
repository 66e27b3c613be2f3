import { describe, expect, it } from 'vitest'
import { nameOf } from './keys'

describe('keys', () => {
  const press = (key: string, held: string[] = []) =>
    nameOf({
      key,
      ctrlKey: held.includes('ctrl'),
      metaKey: held.includes('meta'),
      shiftKey: held.includes('shift'),
      altKey: held.includes('alt'),
    })
  it('are the same with Ctrl and with the command key', () => {
    expect([press('z', ['ctrl']), press('z', ['meta'])]).toEqual(['mod+z', 'mod+z'])
  })
  it('know shift behind them, whatever letter the browser gives', () => {
    expect(press('Z', ['ctrl', 'shift'])).toBe('mod+shift+z')
    expect(press('Delete', ['shift'])).toBe('Delete')
    expect(press('d', ['alt'])).toBe('alt+d')
  })
})
