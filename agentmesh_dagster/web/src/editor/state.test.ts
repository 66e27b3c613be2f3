import { describe, expect, it } from 'vitest'
import { firstGraph } from '../graph/edits'
import { NODE_WIDTH } from '../graph/layout'
import { graphOf as draw, node, workflowOf as workflow } from '../graph/samples'
import { allIssues } from './issuesOf'
import {
  addStep,
  askForName,
  markSaved,
  beginEditing,
  changeGraph,
  changeWorkflow,
  connectNodes,
  copySelected,
  duplicateSelected,
  graphOf,
  isDirty,
  layOutAgain,
  moveNodes,
  pasteText,
  redoEdit,
  removeSelected,
  select,
  selectAll,
  draftOf,
  renameStep,
  replaceWith,
  undoEdit,
  workflowOf,
} from './state'
import type { EditorState } from './state'

const begin = (ways: string, nodes = [] as ReturnType<typeof node>[]) =>
  beginEditing(workflow(draw(ways, nodes), { revision: 3 }))
const ways = (state: EditorState) => graphOf(state).edges.map((edge) => `${edge.fromNodeId}>${edge.toNodeId}`)
const placeOf = (state: EditorState, id: string) => draftOf(state).positions.get(id) ?? { x: NaN, y: NaN }

describe('adding a node', () => {
  it('builds a workflow from nothing, one click after the other', () => {
    const first = beginEditing(workflow(firstGraph()))
    const built = addStep(addStep(first, 'agent'), 'tool')
    expect(ways(built)).toEqual(['start>agent', 'agent>tool', 'tool>end'])
    expect([...built.selection.nodes]).toEqual(['tool'])
  })
  it('moves what stands in its way, so that nothing lies on top of something else', () => {
    const state = addStep(select(begin('start>a a>b b>end'), ['a']), 'agent')
    expect(ways(state)).toEqual(['start>a', 'a>agent', 'b>end', 'agent>b'])
    const order = ['start', 'a', 'agent', 'b', 'end'].map((id) => placeOf(state, id).x)
    for (const [at, x] of order.entries())
      if (at > 0) expect(x).toBeGreaterThanOrEqual((order[at - 1] ?? 0) + NODE_WIDTH)
  })
  it('draws one more way out of a branch instead of going onto one of its ways', () => {
    const state = addStep(select(begin('start>b b>end', [node('b', 'branch')]), ['b']), 'agent')
    expect(ways(state)).toEqual(['start>b', 'b>end', 'b>agent'])
  })
  it('goes onto the selected edge and keeps its condition', () => {
    const before = changeGraph(begin('start>b b>end', [node('b', 'branch')]), (graph) => ({
      ...graph,
      edges: graph.edges.map((edge) => (edge.id === 'e2' ? { ...edge, condition: 'context.input.x' } : edge)),
    }))
    const state = addStep(select(before, [], ['e2']), 'tool')
    expect(graphOf(state).edges.slice(1)).toEqual([
      { id: 'e2', fromNodeId: 'b', toNodeId: 'tool', condition: 'context.input.x' },
      { id: 'e3', fromNodeId: 'tool', toNodeId: 'end' },
    ])
  })
  it('stands alone where it was dropped', () => {
    const state = addStep(select(begin('start>a a>end'), ['a']), 'tool', { x: 500, y: 600 })
    expect(ways(state)).toEqual(['start>a', 'a>end'])
    expect(placeOf(state, 'tool')).toEqual({ x: 500, y: 600 })
  })
  it('puts an end behind what is selected, and nothing behind an end', () => {
    expect(ways(addStep(select(begin('start>b b>end', [node('b', 'branch')]), ['b']), 'end'))).toContain(
      'b>end_2',
    )
    const behindEnd = addStep(select(begin('start>a a>end'), ['end']), 'agent')
    expect(ways(behindEnd)).toEqual(['start>a', 'a>end'])
  })
})

describe('undo and redo', () => {
  it('go through edits and places, and drop what is gone from the selection', () => {
    const added = addStep(begin('start>end'), 'agent')
    const moved = moveNodes(added, new Map([['agent', { x: 1, y: 2 }]]))
    expect(placeOf(undoEdit(moved), 'agent')).toEqual(placeOf(added, 'agent'))
    const undone = undoEdit(undoEdit(moved))
    expect(ways(undone)).toEqual(['start>end'])
    expect(undone.selection.nodes.size).toBe(0)
    expect(placeOf(redoEdit(redoEdit(undone)), 'agent')).toEqual({ x: 1, y: 2 })
  })
  it('take typing into one field as one step, and a second visit as another', () => {
    const type = (state: EditorState, name: string) =>
      changeWorkflow(state, (one) => ({ ...one, name }), 'name')
    const typed = type(type(begin('start>end'), 'N'), 'Ne')
    expect(workflowOf(undoEdit(typed)).name).toBe('W')
    const again = type(select(select(typed, ['start']), []), 'New')
    expect(workflowOf(undoEdit(again)).name).toBe('Ne')
  })
  it('need no step for what changed nothing', () => {
    const state = begin('start>a a>end')
    expect(connectNodes(state, 'end', 'a')).toBe(state)
    expect(moveNodes(state, new Map([['a', placeOf(state, 'a')]]))).toBe(state)
    expect(layOutAgain(state)).toBe(state)
    expect(removeSelected(state)).toBe(state)
    expect(select(state, [])).toBe(state)
  })
})

describe('copy, paste and duplicate', () => {
  it('put the copies beside the originals, each time further', () => {
    const state = select(begin('start>a a>b b>end'), ['a', 'b'])
    const twice = duplicateSelected(select(duplicateSelected(state), ['a', 'b']))
    expect(ways(twice).slice(3)).toEqual(['a_2>b_2', 'a_3>b_3'])
    const places = ['a', 'a_2', 'a_3'].map((id) => placeOf(twice, id).x - placeOf(twice, 'a').x)
    expect(places).toEqual([0, 40, 80])
  })
  it('go into another workflow', () => {
    const text = copySelected(select(begin('start>a a>end'), ['a'])) ?? ''
    const other = pasteText(begin('start>end'), text)
    expect(graphOf(other).nodes.map(({ id }) => id)).toEqual(['start', 'end', 'a'])
  })
  it('leave the start and other text alone', () => {
    const state = select(begin('start>end'), ['start'])
    expect(copySelected(state)).toBeUndefined()
    expect(duplicateSelected(state)).toBe(state)
    expect(pasteText(state, 'hello')).toBe(state)
  })
})

describe('where nodes stand', () => {
  it('is what the document says, also of another version that is taken over', () => {
    const graph = draw('start>end')
    const state = beginEditing(workflow(graph, { layout: { end: [500, 40] }, revision: 3 }))
    expect(placeOf(state, 'end')).toEqual({ x: 500, y: 40 })
    const theirs = workflow(graph, { layout: { start: [1, 2], end: [700, 0] }, revision: 4 })
    expect(placeOf(replaceWith(state, theirs), 'end')).toEqual({ x: 700, y: 0 })
  })
  it('goes along with a new id, and into the document only when somebody has chosen a place', () => {
    const state = begin('start>a a>end')
    const renamed = renameStep(state, 'a', 'b')
    expect(placeOf(renamed, 'b')).toEqual(placeOf(state, 'a'))
    const edited = changeGraph(state, (graph) => ({ ...graph, edges: [] }))
    expect(workflowOf(edited).layout).toBeUndefined()
    expect(Object.keys(workflowOf(renamed).layout ?? {}).toSorted()).toEqual(['b', 'end', 'start'])
  })
})

describe('what is unsaved', () => {
  it('is a change of the workflow or of places; and nothing after undo', () => {
    const state = begin('start>end')
    expect(isDirty(state)).toBe(false)
    const moved = moveNodes(state, new Map([['end', { x: 9, y: 9.4 }]]))
    expect(isDirty(moved)).toBe(true)
    expect(workflowOf(moved).layout?.['end']).toEqual([9, 9])
    expect(isDirty(undoEdit(moved))).toBe(false)
    const added = addStep(state, 'agent')
    expect(isDirty(added)).toBe(true)
    expect(isDirty(undoEdit(added))).toBe(false)
  })
  it('is a new workflow from the start', () => {
    expect(isDirty(beginEditing(workflow(firstGraph())))).toBe(true)
  })
  it('is gone after a save, but for what was edited while it was on its way', () => {
    const state = addStep(begin('start>end'), 'agent')
    const sent = workflowOf(state)
    const saved = { ...sent, revision: 4, graph: structuredClone(sent.graph) }
    expect(isDirty(markSaved(state, sent, saved))).toBe(false)
    const later = addStep(state, 'tool')
    const kept = markSaved(later, sent, saved)
    expect(isDirty(kept)).toBe(true)
    expect(graphOf(kept)).toBe(graphOf(later))
    expect(kept.saved.revision).toBe(4)
  })
  it('comes back with undo after somebody else’s version was taken', () => {
    const mine = addStep(begin('start>end'), 'agent')
    const theirs = workflow(draw('start>x x>end'), { revision: 9 })
    const taken = { ...replaceWith(mine, theirs), saved: theirs }
    expect(isDirty(taken)).toBe(false)
    expect(ways(undoEdit(taken))).toEqual(ways(mine))
  })
})

it('selects all, and removes nodes with their edges', () => {
  const all = selectAll(begin('start>a a>end'))
  expect([all.selection.nodes.size, all.selection.edges.size]).toEqual([3, 2])
  expect(graphOf(removeSelected(all))).toEqual({ nodes: [], edges: [] })
})

it('does not hold a missing name against a new workflow before somebody was asked for it', () => {
  const missing = { issue: { code: 'empty', message: '`name` must not be empty.' }, field: 'name' }
  const begun = { ...beginEditing(workflow(firstGraph(), { name: '' })), issues: [missing] }
  expect(allIssues(begun)).toEqual([])
  expect(allIssues(askForName(begun))).toEqual([missing])
  expect(allIssues({ ...beginEditing(workflow(firstGraph(), { revision: 1 })), issues: [missing] })).toEqual([
    missing,
  ])
})
