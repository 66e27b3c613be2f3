import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../api/types'
import { complete, contextOfFallback, listCompletions, sortByType, typesIn } from './completions'

const TREE = '#/$defs/tree'
const context: JsonSchema = {
  type: 'object',
  properties: {
    last_output: { title: 'Score it', $ref: '#/$defs/score' },
    input: {
      title: 'the input',
      type: 'object',
      properties: {
        'sub ject': { type: 'string' },
        rows: { type: 'array', items: { $ref: '#/$defs/score' } },
      },
    },
    outputs: {
      type: 'object',
      properties: {
        score: { title: 'Score it', anyOf: [{ $ref: '#/$defs/score' }, { type: 'null' }] },
        tree: { title: 'Tree', $ref: TREE },
      },
    },
    index: { type: 'integer', description: 'Place of the item.' },
  },
  $defs: {
    score: {
      type: 'object',
      properties: {
        score: { type: 'number', description: 'From 0 to 1' },
        kind: { enum: ['a', 'b'] },
        odd: {},
      },
    },
    tree: { type: 'object', properties: { down: { $ref: TREE }, leaf: { type: ['string', 'null'] } } },
  },
}

describe('what may be named', () => {
  const texts = (typed = '') => listCompletions(context, typed).map(({ text }) => text)
  const detailOf = (text: string) => listCompletions(context).find((one) => one.text === text)?.detail

  it('is read from the schema of the context, with fields inside of fields, items and choices', () => {
    expect(texts()).toContain('context.last_output.score')
    expect(texts()).toContain('context.input["sub ject"]')
    expect(texts()).toContain('context.input.rows[0].score')
    expect(texts()).toContain('context.outputs.score.kind')
    expect(texts()).not.toContain('context.outputs')
  })
  it('says what it is: its type, and its description or the node that gives it', () => {
    expect(detailOf('context.last_output')).toBe('object · Score it')
    expect(detailOf('context.last_output.score')).toBe('number · From 0 to 1')
    expect(detailOf('context.outputs.score')).toBe('object · Score it')
    expect(detailOf('context.outputs.score.kind')).toBe('string · Score it')
    expect(detailOf('context.last_output.odd')).toBe('Score it')
    expect(detailOf('context.index')).toBe('integer · Place of the item.')
  })
  it('goes on to any depth behind what was typed', () => {
    const deep = `context.outputs.tree${'.down'.repeat(9)}`
    expect(texts()).not.toContain(`${deep}.leaf`)
    expect(texts(`${deep}.le`)).toContain(`${deep}.leaf`)
  })
  it("has the error beside the node's own, where what a node gives instead of failing is written", () => {
    const error: JsonSchema = { type: 'object', properties: { code: { type: 'string' } } }
    const fallback = contextOfFallback(context, {
      properties: { error: { $ref: '#/$defs/s1' }, last_output: { type: 'null' } },
      $defs: { s1: error },
    })
    const named = listCompletions(fallback).map(({ text }) => text)
    expect(named).toEqual(expect.arrayContaining([...texts(), 'context.error', 'context.error.code']))
    expect(contextOfFallback(context, {})).toBe(context)
  })
  it('replaces the path that is being written', () => {
    const offers = (typed: string) => listCompletions(context, typed)
    const text = 'has(context.input) && context.outputs.sc'
    const { replaces, matches } = complete(text, text.length, offers)
    expect(replaces).toBe('context.outputs.sc'.length)
    expect(matches.map(({ text: one }) => one)).toContain('context.outputs.score.score')
    expect(complete('1 > ', 4, offers).matches).toEqual([])
    expect(complete('context.input["sub', 18, offers).matches[0]?.text).toBe('context.input["sub ject"]')
    expect(complete('x and sco', 9, offers)).toMatchObject({ replaces: 3 })
  })
  it('comes with what fits a type first, and without what fits it never', () => {
    const sorted = sortByType(listCompletions(context), ['integer', 'null']).map(({ text }) => text)
    expect(sorted.slice(0, 2)).toEqual(['context.last_output.score', 'context.input.rows[0].score'])
    expect(sorted).toContain('context.last_output')
    expect(sorted).not.toContain('context.input["sub ject"]')
    expect(sortByType(listCompletions(context), undefined)).toHaveLength(listCompletions(context).length)
  })
  it('is silent of what a schema does not say', () => {
    expect(typesIn({})).toBeUndefined()
    expect(typesIn({ $ref: '#/nowhere', allOf: [3] as never })).toBeUndefined()
    expect(listCompletions({})).toEqual([])
  })
})
