import { beforeEach, describe, expect, it } from 'vitest'
import { dropCopy, keepCopy, readCopy } from './localCopies'
import type { CopyStorage } from './localCopies'

let kept: Map<string, string>
const storage: CopyStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
  key: (at) => [...kept.keys()][at] ?? null,
  get length() {
    return kept.size
  },
}
const now = () => new Date().toISOString()

describe('unsaved edits', () => {
  beforeEach(() => {
    kept = new Map()
  })

  it('are there until they are dropped, for the person who made them', () => {
    const copy = { value: { name: 'New' }, saved: { name: 'Old' }, at: now(), by: 'ann' }
    keepCopy('workflows w', copy, storage)
    expect(readCopy('workflows w', 'ann', storage)).toEqual(copy)
    expect(readCopy('workflows w', 'bob', storage)).toBeUndefined()
    expect(readCopy('workflows other', 'ann', storage)).toBeUndefined()
    dropCopy('workflows w', storage)
    expect(readCopy('workflows w', 'ann', storage)).toBeUndefined()
  })
  it('give way when they are old, or when there are many', () => {
    const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
    for (let days = 40; days >= 0; days -= 1)
      keepCopy(`tools t${days}`, { value: 1, saved: 0, at: at(days), by: 'ann' }, storage)
    expect(kept.size).toBe(30)
    expect(readCopy('tools t0', 'ann', storage)).toBeDefined()
    keepCopy('tools old', { value: 1, saved: 0, at: at(31), by: 'ann' }, storage)
    expect(readCopy('tools old', 'ann', storage)).toBeUndefined()
  })
  it('survive what is not ours, and a storage that is full', () => {
    storage.setItem('agentmesh.unsaved.agents a', '{"value": 1')
    storage.setItem('agentmesh.unsaved.agents b', 'null')
    expect(readCopy('agents a', 'ann', storage)).toBeUndefined()
    expect(readCopy('agents b', 'ann', storage)).toBeUndefined()
    const full: CopyStorage = {
      ...storage,
      setItem: () => {
        throw new Error('quota')
      },
    }
    keepCopy('agents a', { value: 1, saved: 0, at: now(), by: 'ann' }, full)
  })
})
