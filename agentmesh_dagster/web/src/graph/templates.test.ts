import { describe, expect, it } from 'vitest'
import type { Json } from '../api/types'
import { findPlaceholder, insertName, readLoose, writeLoose } from './templates'

describe('placeholders', () => {
  it('are found around the cursor', () => {
    const text = 'a {{ b }} c {{ d'
    expect(findPlaceholder(text, 5)).toEqual({ from: 4, to: 7 })
    expect(findPlaceholder(text, 4)).toEqual({ from: 4, to: 7 })
    expect(findPlaceholder(text, 1)).toBeUndefined()
    expect(findPlaceholder(text, 11)).toBeUndefined()
    expect(findPlaceholder(text, 16)).toEqual({ from: 14, to: 16 })
    expect(findPlaceholder('{{', 1)).toBeUndefined()
  })
})

describe('inserting a name', () => {
  const write = (text: string, replaces = 0, isTemplate = true) => {
    const cursor = text.indexOf('|')
    const next = insertName(text.replace('|', ''), cursor, replaces, 'context.input', isTemplate)
    return `${next.text.slice(0, next.cursor)}|${next.text.slice(next.cursor)}`
  }
  it('writes a placeholder where there is none', () => {
    expect(write('Look at | please')).toBe('Look at {{ context.input }}| please')
  })
  it('completes and closes the one that was begun', () => {
    expect(write('Look at {{|')).toBe('Look at {{ context.input| }}')
    expect(write('Look at {{ con|', 3)).toBe('Look at {{ context.input| }}')
    expect(write('{{ con| }} {{ x }}', 3)).toBe('{{ context.input| }} {{ x }}')
  })
  it('writes the bare name into an expression', () => {
    expect(write('con| == 1', 3, false)).toBe('context.input| == 1')
  })
})

describe('loose text', () => {
  it('is JSON where it is JSON', () => {
    expect(['1', 'true', 'null', '[1]', '{"a": 1}', '"1"', '-2.5'].map(readLoose)).toEqual([
      1,
      true,
      null,
      [1],
      { a: 1 },
      '1',
      -2.5,
    ])
  })
  it('is text otherwise', () => {
    for (const text of [
      '',
      'hello',
      '{{ context.x }}',
      '[1',
      'truely',
      '- a',
      '1 apple',
      '{{ a }} and {"b": 1}',
    ]) {
      expect(readLoose(text)).toBe(text)
    }
  })
  it('gives every value back as it was', () => {
    const values: Json[] = [
      '',
      'a',
      '1',
      'true',
      'null',
      '"q"',
      '[1]',
      '{{ x }}',
      ' 1 ',
      1,
      -0.5,
      false,
      null,
      [],
      { a: ['1'] },
      '{"a":1}',
    ]
    for (const value of values) expect(readLoose(writeLoose(value))).toEqual(value)
  })
})
