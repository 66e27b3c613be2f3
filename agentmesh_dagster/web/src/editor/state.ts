/** The state of the editor, and every edit of it: pure functions from one state to the next. */
import type { Loop, NodeType, Workflow, WorkflowGraph } from '../api/types'
import { nodeType } from '../types/types'
import { descendantsOf } from '../graph/ancestors'
import { dropParts, renameInAsset } from '../graph/assets'
import type { Asset } from '../graph/assets'
import { NOTHING_SELECTED } from '../graph/canvas'
import type { Selection } from '../graph/canvas'
import { copy, paste, readCopied } from '../graph/clipboard'
import { haveSameContent } from '../graph/compare'
import { addNode, connect, findEdgeToSplit, remove, renameNode, splitEdge } from '../graph/edits'
import { beginHistory, record, redo, settle, undo } from '../graph/history'
import type { History } from '../graph/history'
import type { PlacedIssue } from '../graph/issues'
import { completePositions, findRoom, layOut, makeRoom, NODE_HEIGHT, NODE_WIDTH } from '../graph/layout'
import type { Position, Positions } from '../graph/layout'
import { readLayout, writeLayout } from '../graph/positions'

/** What undo goes through. */
export interface Draft {
  workflow: Workflow
  positions: Positions
}

/** A draft in the store: what it says, and which one it is. */
export interface KeptDraft {
  workflow: Workflow
  version: number
  /** The published revision that it began with. */
  baseRevision?: number
  savedAt: string
  savedBy: string
}

export interface EditorState {
  history: History<Draft>
  selection: Selection
  /** The workflow as it was last read or published. */
  saved: Workflow
  /** The draft that the server keeps beside it. */
  stored: KeptDraft | undefined
  /** What the server found in the draft, or in the one before it. */
  issues: readonly PlacedIssue[]
  /** The loops of the workflow as it was checked last. */
  loops: readonly Loop[]
  /** The workflow of which the server was asked last. */
  checked: Workflow | undefined
  /** Fields whose text stands for nothing just now, such as JSON that is cut off: name → what is wrong. */
  textFaults: ReadonlyMap<string, PlacedIssue>
  /** Whether it is time for a name: not yet in a new workflow whose name nobody was at, and which nobody tried to publish. */
  isNameDue: boolean
}

const BESIDE = NODE_WIDTH + 72
const PASTE_BY = 40

/** Begins with the draft, where there is one. */
export function beginEditing(saved: Workflow, stored?: KeptDraft): EditorState {
  const workflow = stored?.workflow ?? saved
  const positions = completePositions(workflow.graph, readLayout(workflow.layout))
  return {
    history: beginHistory({ workflow, positions }),
    selection: NOTHING_SELECTED,
    saved,
    stored,
    issues: [],
    loops: [],
    checked: undefined,
    textFaults: new Map(),
    isNameDue: saved.revision !== undefined || stored !== undefined,
  }
}

export function draftOf(state: EditorState): Draft {
  return state.history.present
}

export function workflowOf(state: EditorState): Workflow {
  return state.history.present.workflow
}

export function graphOf(state: EditorState): WorkflowGraph {
  return state.history.present.workflow.graph
}

/** What the server keeps of what is being edited: the draft, else what is published. */
export function keptOf({ stored, saved }: EditorState): Workflow {
  return stored?.workflow ?? saved
}

/** From now on a missing name is told as an issue. */
export function askForName(state: EditorState): EditorState {
  return state.isNameDue ? state : { ...state, isNameDue: true }
}

/** Whether there is something to save. */
export function isDirty(state: EditorState): boolean {
  const isNew = state.saved.revision === undefined && state.stored === undefined
  return isNew || !haveSameContent(workflowOf(state), keptOf(state))
}

/** Whether there is something to publish. */
export function isUnpublished(state: EditorState): boolean {
  return state.stored !== undefined || isDirty(state)
}

/** Whether somebody has edited something that is not saved; a new workflow as it was made is nothing yet. */
export function hasUnsavedEdits(state: EditorState): boolean {
  return state.history.past.length > 0 && isDirty(state)
}

/** Changes the workflow. Changes with the same tag, one after the other, are undone together. */
export function changeWorkflow(
  state: EditorState,
  change: (workflow: Workflow) => Workflow,
  tag?: string,
  places: Positions = new Map(),
): EditorState {
  const before = draftOf(state)
  const workflow = change(before.workflow)
  if (workflow === before.workflow) return state
  // Another version brings its own places.
  const known = workflow.layout === before.workflow.layout ? [] : readLayout(workflow.layout)
  const positions = completePositions(workflow.graph, new Map([...before.positions, ...known, ...places]))
  return withHistory(state, record(state.history, withPlaces(workflow, positions, places.size > 0), tag))
}

export function changeGraph(
  state: EditorState,
  change: (graph: WorkflowGraph) => WorkflowGraph,
  tag?: string,
  places?: Positions,
): EditorState {
  const replace = (workflow: Workflow) => {
    const graph = change(workflow.graph)
    return graph === workflow.graph ? workflow : { ...workflow, graph }
  }
  return changeWorkflow(state, replace, tag, places)
}

export function moveNodes(state: EditorState, places: Positions, tag?: string): EditorState {
  const { workflow, positions } = draftOf(state)
  const isSame = [...places].every(
    ([id, { x, y }]) => positions.get(id)?.x === x && positions.get(id)?.y === y,
  )
  if (isSame) return state
  const moved = new Map([...positions, ...places])
  return withHistory(state, record(state.history, withPlaces(workflow, moved, true), tag))
}

/** The draft with these places. The document holds them as soon as somebody has chosen one, the same for everybody; until
 *  then every reader lays the graph out in the same way. */
function withPlaces(workflow: Workflow, positions: Positions, isChosen: boolean): Draft {
  if (!isChosen && workflow.layout === undefined) return { workflow, positions }
  return { workflow: { ...workflow, layout: writeLayout(workflow.graph, positions) }, positions }
}

export function layOutAgain(state: EditorState): EditorState {
  return moveNodes(state, layOut(graphOf(state)))
}

export function undoEdit(state: EditorState): EditorState {
  return withHistory(state, undo(state.history))
}

export function redoEdit(state: EditorState): EditorState {
  return withHistory(state, redo(state.history))
}

/** Ends a series of changes with one tag: a field was left. */
export function settleEdits(state: EditorState): EditorState {
  const history = settle(state.history)
  return history === state.history ? state : { ...state, history }
}

export function select(
  state: EditorState,
  nodes: Iterable<string>,
  edges: Iterable<string> = [],
): EditorState {
  const selection = { nodes: new Set(nodes), edges: new Set(edges) }
  return isSameSet(selection.nodes, state.selection.nodes) &&
    isSameSet(selection.edges, state.selection.edges)
    ? state
    : { ...settleEdits(state), selection }
}

export function selectAll(state: EditorState): EditorState {
  const { nodes, edges } = graphOf(state)
  return select(
    state,
    nodes.map(({ id }) => id),
    edges.map(({ id }) => id),
  )
}

/** Adds a node and selects it. `at` says where it was dropped: then it stands alone. Else it goes onto the selected
 *  edge, or behind the selected node, or before the end; what stands in its way moves on. */
export function addStep(state: EditorState, type: NodeType, at?: Position): EditorState {
  const { positions } = draftOf(state)
  const { graph, node } = addNode(graphOf(state), type)
  if (at)
    return select(
      changeGraph(state, () => graph, undefined, new Map([[node.id, at]])),
      [node.id],
    )

  const { nodes, edges } = state.selection
  const before = onlyOne(nodes, edges)
  const isAsked = nodes.size + edges.size > 0
  const edge = graph.edges.find(({ id }) => id === onlyOne(edges, nodes)) ?? findEdgeToSplit(graph, before)
  const onEdge =
    edge && (isAsked || nodeType(type).place !== 'end') ? splitEdge(graph, edge.id, node.id) : graph
  const joined = onEdge === graph && before !== undefined ? connect(graph, before, node.id).graph : onEdge
  const source = joined.edges.find(({ toNodeId }) => toNodeId === node.id)?.fromNodeId
  const anchor = positions.get(source ?? '')
  const wanted = anchor ? { x: anchor.x + BESIDE, y: anchor.y } : placeBehindAll(positions)
  const moved = makeRoom(positions, descendantsOf(joined, node.id), wanted.x + BESIDE)
  const place = findRoom(wanted, new Map([...positions, ...moved]))
  return select(
    changeGraph(state, () => joined, undefined, new Map([...moved, [node.id, place]])),
    [node.id],
  )
}

/** Adds a node where an edge was let go in the open, at the end of that edge. */
export function addStepFrom(
  state: EditorState,
  fromNodeId: string,
  type: NodeType,
  at: Position,
): EditorState {
  const { graph, node } = addNode(graphOf(state), type)
  const join = () => connect(graph, fromNodeId, node.id).graph
  return select(changeGraph(state, join, undefined, new Map([[node.id, at]])), [node.id])
}

/** Gives a node another id; it stays where it is. */
export function renameStep(state: EditorState, id: string, newId: string): EditorState {
  const at = draftOf(state).positions.get(id)
  const rename = (workflow: Workflow): Workflow => {
    const graph = renameNode(workflow.graph, id, newId)
    if (graph === workflow.graph) return workflow
    return changeAsset({ ...workflow, graph }, (asset) => renameInAsset(asset, new Map([[id, newId]])))
  }
  return changeWorkflow(state, rename, undefined, at && new Map([[newId, at]]))
}

/** Draws an edge, if there may be one. One that leads back is selected: how often it may be taken is to be said. */
export function connectNodes(state: EditorState, fromNodeId: string, toNodeId: string): EditorState {
  const { graph, edge } = connect(graphOf(state), fromNodeId, toNodeId)
  const joined = changeGraph(state, () => graph)
  return edge?.maxRounds === undefined ? joined : select(joined, [], [edge.id])
}

export function removeSelected(state: EditorState): EditorState {
  const { nodes, edges } = state.selection
  if (nodes.size === 0 && edges.size === 0) return state
  return changeWorkflow(state, (workflow) => {
    const graph = remove(workflow.graph, { nodes, edges })
    if (graph === workflow.graph) return workflow
    return changeAsset({ ...workflow, graph }, (asset) => dropParts(asset, (id) => !nodes.has(id)))
  })
}

/** The workflow with another asset, where it gives one. */
function changeAsset(workflow: Workflow, change: (asset: Asset) => Asset): Workflow {
  return workflow.asset ? { ...workflow, asset: change(workflow.asset) } : workflow
}

/** The selected nodes as text for the clipboard; undefined where nothing can be copied. */
export function copySelected(state: EditorState): string | undefined {
  const { workflow, positions } = draftOf(state)
  const text = copy(workflow.graph, state.selection.nodes, positions)
  return readCopied(text)?.nodes.length ? text : undefined
}

/** Adds what was copied, beside where it stood, or around `at`, and selects it. Other text changes nothing. */
export function pasteText(state: EditorState, text: string, at?: Position): EditorState {
  const copied = readCopied(text)
  if (!copied || copied.nodes.length === 0) return state
  const { positions } = draftOf(state)
  const { graph, ids } = paste(graphOf(state), copied)
  const known = Object.entries(copied.places)
  const left = Math.min(...known.map(([, place]) => place.x))
  const top = Math.min(...known.map(([, place]) => place.y))
  let [byX, byY] = at && known.length > 0 ? [at.x - left, at.y - top] : [PASTE_BY, PASTE_BY]
  const isOnAnother = () =>
    known.some(([, { x, y }]) =>
      [...positions.values()].some((one) => one.x === x + byX && one.y === y + byY),
    )
  while (isOnAnother()) [byX, byY] = [byX + PASTE_BY, byY + PASTE_BY]
  const places = new Map(known.map(([id, { x, y }]) => [ids.get(id) ?? id, { x: x + byX, y: y + byY }]))
  return select(
    changeGraph(state, () => graph, undefined, places),
    ids.values(),
  )
}

export function duplicateSelected(state: EditorState): EditorState {
  const text = copySelected(state)
  return text === undefined ? state : pasteText(state, text)
}

/** The workflow was saved as `saved`. What was edited since the save began stays unsaved. */
export function markSaved(state: EditorState, sent: Workflow, saved: Workflow): EditorState {
  const { workflow, positions } = draftOf(state)
  const present = workflow === sent ? saved : { ...workflow, id: saved.id }
  return {
    ...settleEdits(state),
    saved,
    stored: undefined,
    history: { ...state.history, present: { workflow: present, positions }, tag: undefined },
  }
}

/** The draft was saved as `stored`. */
export function markStored(state: EditorState, stored: KeptDraft): EditorState {
  const { workflow, positions } = draftOf(state)
  const present = {
    workflow: workflow.id === '' ? { ...workflow, id: stored.workflow.id } : workflow,
    positions,
  }
  return { ...settleEdits(state), stored, history: { ...state.history, present, tag: undefined } }
}

/** The draft was discarded: shows what is published; undo brings the draft back. */
export function dropStored(state: EditorState): EditorState {
  return { ...replaceWith(state, state.saved), stored: undefined }
}

/** Goes on from a newer revision of somebody else: what is on the canvas is then an edit of that one. */
export function rebase(state: EditorState, saved: Workflow): EditorState {
  return { ...state, saved }
}

/** Goes on from edits of an earlier visit; undo brings back what was there before. */
export function restoreEdits(state: EditorState, workflow: Workflow, saved: Workflow): EditorState {
  return { ...replaceWith(state, workflow), saved }
}

/** Takes another version as the draft; undo brings the own one back. */
export function replaceWith(state: EditorState, workflow: Workflow): EditorState {
  return changeWorkflow(state, () => workflow)
}

function withHistory(state: EditorState, history: History<Draft>): EditorState {
  if (history === state.history) return state
  const { graph } = history.present.workflow
  const { nodes, edges } = state.selection
  const selection =
    graph === graphOf(state)
      ? state.selection
      : {
          nodes: keepSet(
            nodes,
            graph.nodes.map(({ id }) => id),
          ),
          edges: keepSet(
            edges,
            graph.edges.map(({ id }) => id),
          ),
        }
  return { ...state, history, selection }
}

/** The set without what is gone; the same set where nothing is. */
function keepSet(chosen: ReadonlySet<string>, there: readonly string[]): ReadonlySet<string> {
  if (chosen.size === 0) return chosen
  const all = new Set(there)
  return [...chosen].every((id) => all.has(id)) ? chosen : new Set([...chosen].filter((id) => all.has(id)))
}

function onlyOne(chosen: ReadonlySet<string>, others: ReadonlySet<string>): string | undefined {
  return chosen.size === 1 && others.size === 0 ? [...chosen][0] : undefined
}

function placeBehindAll(positions: Positions): Position {
  const places = [...positions.values()]
  if (places.length === 0) return { x: 0, y: 0 }
  const lowest = Math.max(...places.map(({ y }) => y))
  return { x: Math.min(...places.map(({ x }) => x)), y: lowest + NODE_HEIGHT + 48 }
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id))
}
