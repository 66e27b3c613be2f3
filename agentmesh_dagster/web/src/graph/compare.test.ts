import { describe, expect, it } from 'vitest'
import { compareWorkflows, haveSameContent } from './compare'
import { diffLines, foldSame } from './lineDiff'
import type { DiffLine } from './lineDiff'
import { changeConfig, changeNode, moveEdge, remove, setCondition } from './edits'
import { graphOf, node, workflowOf } from './samples'

const before = workflowOf(graphOf('start>b b>x b>y', [node('b', 'branch'), { ...node('x'), label: 'Ex' }]), {
  revision: 3,
})
const compare = (graph: typeof before.graph, more = {}) =>
  compareWorkflows(before, { ...before, graph, ...more })

describe('what differs between two versions', () => {
  it('is nothing when only the store’s fields differ', () => {
    const after = { ...before, revision: 9, updatedAt: '2026-01-01T00:00:00Z', inputSchema: undefined }
    expect(compareWorkflows(before, after)).toEqual([])
    expect(haveSameContent(before, after)).toBe(true)
  })
  it('names nodes, edges and the fields that changed', () => {
    expect(
      compare(changeConfig(changeNode(before.graph, 'x', { label: 'Ex two' }), 'x', { prompt: 'p' })),
    ).toEqual([{ kind: 'changed', what: 'Node “Ex two”', fields: ['label', 'prompt'] }])
    expect(compare(remove(before.graph, { nodes: ['x'] }))).toEqual([
      { kind: 'removed', what: 'Node “Ex”', fields: [] },
      { kind: 'removed', what: 'Edge from “b” to “Ex”', fields: [] },
    ])
    expect(compare(setCondition(before.graph, 'e2', 'context.input.x'))).toEqual([
      { kind: 'changed', what: 'Edge from “b” to “Ex”', fields: ['condition'] },
    ])
  })
  it('says when the edges of a branch are tried in another order', () => {
    expect(compare(moveEdge(before.graph, 'e2', 1))).toEqual([
      { kind: 'changed', what: 'Order of the edges', fields: [] },
    ])
  })
  it('says what changed of the workflow itself', () => {
    expect(compare(before.graph, { name: 'N', inputSchema: {} }).map(({ what }) => what)).toEqual([
      'Name',
      'Input schema',
    ])
  })
})

describe('lines', () => {
  const draw = (lines: readonly DiffLine[]) =>
    lines.map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`)
  it('that both have stand once, with the numbers of both', () => {
    const lines = diffLines('a\nb\nc\nd', 'a\nx\nc\nd\ne')
    expect(draw(lines)).toEqual([' a', '-b', '+x', ' c', ' d', '+e'])
    expect(lines[3]).toEqual({ kind: 'same', text: 'c', before: 3, after: 3 })
    expect(lines[5]).toEqual({ kind: 'added', text: 'e', after: 5 })
  })
  it('give both texts back, whatever they are', () => {
    let seed = 7
    const next = (most: number) => (seed = (seed * 48271) % 2147483647) % most
    const text = () => Array.from({ length: next(9) }, () => 'abc'[next(3)]).join('\n')
    for (let round = 0; round < 300; round += 1) {
      const [old, now] = [text(), text()]
      const lines = diffLines(old, now)
      const side = (gone: DiffLine['kind']) =>
        lines
          .filter(({ kind }) => kind !== gone)
          .map((line) => line.text)
          .join('\n')
      expect([side('added'), side('removed')]).toEqual([old, now])
    }
  })
  it('far from a change are only counted', () => {
    const many = Array.from({ length: 20 }, (_, at) => `l${at}`)
    const parts = foldSame(diffLines(many.join('\n'), many.with(10, 'new').join('\n')), 2)
    expect(parts.map((part) => (part.kind === 'gap' ? part.count : part.lines.length))).toEqual([8, 6, 7])
  })
})
