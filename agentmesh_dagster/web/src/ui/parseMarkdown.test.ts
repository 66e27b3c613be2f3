import { describe, expect, it } from 'vitest'
import { parseInline, parseMarkdown } from './parseMarkdown'

describe('markdown', () => {
  it('reads blocks', () => {
    const blocks = parseMarkdown(
      '# Title\n\nA *b* **c** `d`\ne\n\n- one\n  - inner\n- two\n\n1. x\n2. y\n\n> quote\n\n```py\nx < 1\n```\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |',
    )
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'heading',
      'paragraph',
      'list',
      'list',
      'quote',
      'code',
      'rule',
      'table',
    ])
    expect(blocks[2]).toMatchObject({
      isOrdered: false,
      items: [[{ kind: 'paragraph' }, { kind: 'list' }], [{ kind: 'paragraph' }]],
    })
    expect(blocks[5]).toEqual({ kind: 'code', text: 'x < 1' })
  })
  it('leaves HTML as text', () => {
    expect(parseMarkdown('<img src=x onerror=alert(1)>')).toEqual([
      { kind: 'paragraph', inside: [{ kind: 'text', text: '<img src=x onerror=alert(1)>' }] },
    ])
  })
  it('makes links of safe addresses only', () => {
    expect(parseInline('[a](https://x.y/z) https://b.c.')).toMatchObject([
      { kind: 'link', address: 'https://x.y/z' },
      { kind: 'text' },
      { kind: 'link', address: 'https://b.c' },
      { kind: 'text', text: '.' },
    ])
    for (const address of ['javascript:alert(1)', 'data:text/html,x', ' vbscript:x', '//evil']) {
      expect(parseInline(`[a](${address})`).some(({ kind }) => kind === 'link')).toBe(false)
    }
  })
  it('leaves stars and underscores alone that mark nothing', () => {
    expect(parseInline('2 * 3 * 4, snake_case_name, **')).toEqual([
      { kind: 'text', text: '2 * 3 * 4, snake_case_name, **' },
    ])
  })
  it('ends in time on text that was made to be slow', () => {
    for (const nasty of [
      '**a'.repeat(20_000),
      '['.repeat(50_000),
      '`'.repeat(20_001),
      '> '.repeat(5_000) + 'x',
      '- '.repeat(5_000),
    ])
      parseMarkdown(nasty)
  })
})
