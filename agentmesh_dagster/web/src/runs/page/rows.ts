/** The steps of a run as the rows of a tree: rounds, items and sub-workflows are boxes that open. No React. */
import type { Json, NodeType } from '../../api/types'
import type { RunStep } from '../live/runSteps'
import { summarize } from '../../schema/json'
import { shownStatus } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import { titleIn } from './levels'
import type { Levels } from './levels'
import { growTree } from './tree'
import type { Branch, Child, Leaf } from './tree'

interface RowBase {
  /** Unique, and the same as long as the run is shown. */
  key: string
  depth: number
  label: string
  /** What an item is, in short. */
  detail?: string
  status: ShownStatus
}

export interface StepRow extends RowBase {
  kind: 'step'
  /** undefined: the graph does not have the node. */
  nodeType: NodeType | undefined
  step: RunStep
}

/** All rounds or items, one of them, or what a sub-workflow did. */
export interface GroupRow extends RowBase {
  kind: 'group'
  isOpen: boolean
  /** Of all that stands below. */
  steps: readonly RunStep[]
  /** How many rounds, items or steps there are, and the word for one. */
  count?: readonly [number, string]
}

export type Row = StepRow | GroupRow

const FEW = 10 // so many rounds or items are open at first
const FEW_STEPS = 30 // so many steps of a loop, or of a sub-workflow, are open at first

/** The rows that are visible; `opened` says which groups somebody opened or closed, the chosen step is shown anyway. */
export function listRows(
  levels: Levels,
  steps: readonly RunStep[],
  opened: ReadonlyMap<string, boolean>,
  chosenStepId?: string,
): Row[] {
  const lists = new Map<string, readonly Json[]>()
  for (const { nodeId, path, output } of steps) {
    if (Array.isArray(output)) lists.set(`${path} ${nodeId}`, output)
  }
  const rows: Row[] = []
  const lister: Lister = { opened, lists, rows }
  for (const child of growTree(levels, steps, chosenStepId)) listChild(lister, child, 0)
  return rows
}

/** The items of an `each`, as far as it has told them; `path` is that of one of its items' steps. */
export function readItems(steps: readonly RunStep[], each: string, place: string): readonly Json[] {
  const output = steps.find(({ nodeId, path }) => nodeId === each && path === place)?.output
  return Array.isArray(output) ? output : []
}

interface Lister {
  opened: ReadonlyMap<string, boolean>
  lists: ReadonlyMap<string, readonly Json[]>
  rows: Row[]
}

function listChild(lister: Lister, child: Child, depth: number, isOpenFirst = false): void {
  if (child.kind === 'step') {
    lister.rows.push(toRow(child, depth))
    return
  }
  const isRepeated = child.kind === 'rounds' || child.kind === 'items'
  const isOpen =
    lister.opened.get(child.key) ??
    (child.hasChosen || (isRepeated ? child.children.length <= FEW : isOpenFirst || isShortCall(child)))
  lister.rows.push(toGroup(lister, child, depth, isOpen))
  if (!isOpen) return
  if (isRepeated) listRepeated(lister, child, depth + 1)
  else for (const inner of child.children) listChild(lister, inner, depth + 1)
}

function listRepeated(lister: Lister, repeated: Branch, depth: number): void {
  const parts = repeated.children
    .filter((child) => child.kind !== 'step')
    .toSorted((one, other) => one.number - other.number)
  const isSingle = isOfOneNode(parts)
  const isShort = repeated.kind === 'rounds' && repeated.steps.length <= FEW_STEPS
  for (const [at, part] of parts.entries()) {
    const leaf = part.children[0]
    if (isSingle && leaf?.kind === 'step') {
      const detail = detailOf(lister, part)
      lister.rows.push({ ...toRow(leaf, depth), label: part.label, ...(detail && { detail }) })
    } else {
      const isNewest = repeated.kind === 'rounds' && at === parts.length - 1
      listChild(lister, part, depth, isShort || isNewest)
    }
  }
}

/** Whether each round, or item, has one step alone, of one and the same node: then a level of rows says nothing. */
function isOfOneNode(parts: readonly Branch[]): boolean {
  const nodeIds = new Set<string>()
  for (const { children } of parts) {
    const [leaf] = children
    if (children.length !== 1 || leaf?.kind !== 'step') return false
    nodeIds.add(leaf.step.nodeId)
  }
  return nodeIds.size === 1
}

function isShortCall({ kind, steps }: Branch): boolean {
  return kind === 'call' && steps.length <= FEW_STEPS
}

function toGroup(lister: Lister, group: Branch, depth: number, isOpen: boolean): GroupRow {
  const { key, label, status, steps } = group
  const detail = detailOf(lister, group)
  return {
    kind: 'group',
    key,
    depth,
    label,
    status,
    isOpen,
    steps,
    ...(detail && { detail }),
    ...countOf(group),
  }
}

function countOf({ kind, children, steps }: Branch): Pick<GroupRow, 'count'> {
  if (kind === 'rounds') return { count: [children.length, 'round'] }
  if (kind === 'items') return { count: [children.length, 'item'] }
  return kind === 'call' ? { count: [steps.length, 'step'] } : {}
}

function detailOf(lister: Lister, { kind, listedBy, number }: Branch): string {
  return kind === 'item' ? summarize(lister.lists.get(listedBy)?.[number], 60) : ''
}

function toRow({ step, level, isResult }: Leaf, depth: number): StepRow {
  const title = titleIn(level, step.nodeId)
  return {
    kind: 'step',
    key: step.stepId,
    depth,
    label: isResult ? `${title}: result` : title,
    status: shownStatus(step),
    nodeType: level?.nodes.get(step.nodeId)?.type,
    step,
  }
}
