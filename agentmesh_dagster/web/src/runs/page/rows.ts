/** The steps of a run as the rows of a tree: the steps of an `each` stand below it, item by item. No React. */
import type { GraphNode, Json, NodeType, WorkflowGraph } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { worseStatus } from '../live/nodeStates'
import type { RunStep } from '../live/runSteps'
import { summarize } from '../../schema/json'
import { shownStatus } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import type { Selection } from './place'
import type { Regions } from './regions'

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

/** All items of an `each`, or one of them. */
export interface GroupRow extends RowBase {
  kind: 'group'
  isOpen: boolean
  /** Of all that stands below. */
  steps: readonly RunStep[]
  /** Only of the row for all items. */
  items?: number
}

export type Row = StepRow | GroupRow

const FEW_ITEMS = 10 // so many are open at first

/** The rows that are visible; `opened` says which groups somebody opened or closed, `chosen` is shown in any case. */
export function listRows(
  graph: WorkflowGraph,
  regions: Regions,
  steps: readonly RunStep[],
  opened: ReadonlyMap<string, boolean>,
  chosen?: Selection,
): Row[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const rows: Row[] = []
  const shown = new Set<string>()
  for (const step of steps) {
    const each = step.item === null ? undefined : regions.get(step.nodeId)
    if (each === undefined) {
      rows.push(toRow(step, nodes.get(step.nodeId), 0))
    } else if (!shown.has(each)) {
      shown.add(each)
      const inside = steps.filter((one) => one.item !== null && regions.get(one.nodeId) === each)
      const values = readItems(steps, each)
      rows.push(
        ...listGroup(
          {
            each,
            values,
            nodes,
            opened,
            chosen: chosen && regions.get(chosen.nodeId) === each ? chosen.item : null,
          },
          inside,
        ),
      )
    }
  }
  return rows
}

/** The items of an `each`, as far as it has told them. */
export function readItems(steps: readonly RunStep[], each: string): readonly Json[] {
  const output = steps.find(({ nodeId }) => nodeId === each)?.output
  return Array.isArray(output) ? output : []
}

interface Around {
  each: string
  values: readonly Json[]
  nodes: ReadonlyMap<string, GraphNode>
  opened: ReadonlyMap<string, boolean>
  /** The item that is chosen. */
  chosen: number | null
}

function listGroup(around: Around, steps: readonly RunStep[]): Row[] {
  const { each, nodes, opened, chosen } = around
  const items = new Map<number, RunStep[]>()
  for (const step of steps) {
    const known = items.get(step.item ?? 0)
    if (known) known.push(step)
    else items.set(step.item ?? 0, [step])
  }
  const key = `each ${each}`
  const isOpen = opened.get(key) ?? (items.size <= FEW_ITEMS || chosen !== null)
  const branch = nodes.get(each)
  const label = `${branch ? titleOf(branch) : each}: items`
  const group: Row = {
    kind: 'group',
    key,
    depth: 0,
    label,
    status: worstOf(steps),
    isOpen,
    steps,
    items: items.size,
  }
  if (!isOpen) return [group]
  const isSingle = new Set(steps.map(({ nodeId }) => nodeId)).size === 1
  const sorted = [...items].toSorted(([one], [other]) => one - other)
  return [group, ...sorted.flatMap(([item, own]) => listItem(around, item, own, isSingle))]
}

function listItem(
  { each, values, nodes, opened, chosen }: Around,
  item: number,
  steps: readonly RunStep[],
  isSingle: boolean,
): Row[] {
  const detail = summarize(values[item], 60)
  if (isSingle)
    return steps.map((step) => ({
      ...toRow(step, nodes.get(step.nodeId), 1),
      label: `Item ${item + 1}`,
      detail,
    }))
  const key = `each ${each} ${item}`
  const isOpen = opened.get(key) ?? chosen === item
  const label = `Item ${item + 1}`
  const row: Row = { kind: 'group', key, depth: 1, label, detail, status: worstOf(steps), isOpen, steps }
  return isOpen ? [row, ...steps.map((step) => toRow(step, nodes.get(step.nodeId), 2))] : [row]
}

function toRow(step: RunStep, node: GraphNode | undefined, depth: number): StepRow {
  const label = node ? titleOf(node) : step.nodeId
  return {
    kind: 'step',
    key: step.stepId,
    depth,
    label,
    status: shownStatus(step),
    nodeType: node?.type,
    step,
  }
}

function worstOf(steps: readonly RunStep[]): ShownStatus {
  return steps.reduce<ShownStatus>((most, step) => worseStatus(most, shownStatus(step)), 'skipped')
}
