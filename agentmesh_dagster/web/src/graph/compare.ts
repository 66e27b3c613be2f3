/** What differs between two versions of a workflow, by name. */
import type { Workflow } from '../api/types'
import { titleOf } from './edits'

export interface Change {
  kind: 'added' | 'removed' | 'changed'
  /** `Node “Plan it”`, `Triggers`. */
  what: string
  /** The fields that differ, where it is changed. */
  fields: string[]
}

/** All that makes a workflow but what the store sets. */
export function contentOf(workflow: Workflow): Omit<Workflow, 'revision' | 'createdAt' | 'updatedAt'> {
  const { revision: _, createdAt: __, updatedAt: ___, ...content } = workflow
  return content
}

export function haveSameContent(one: Workflow, other: Workflow): boolean {
  return one === other || areAlike(contentOf(one), contentOf(other))
}

/** Whether they differ in nothing but places of nodes: a quick look, for versions that share what did not change. */
export function haveSameMeaning(one: Workflow, other: Workflow): boolean {
  const names = [...Object.keys(one), ...Object.keys(other)].filter((name) => name !== 'layout')
  return names.every((name) => one[name as keyof Workflow] === other[name as keyof Workflow])
}

/** The changes from one version to the other; none where only the order of nodes differs. */
export function compareWorkflows(before: Workflow, after: Workflow): Change[] {
  const titles = new Map(
    [...before.graph.nodes, ...after.graph.nodes].map((node) => [node.id, titleOf(node)]),
  )
  const title = (id: string) => titles.get(id) ?? id
  return [
    ...compareHeads(before, after),
    ...compareLists(before.graph.nodes, after.graph.nodes, ({ id }) => `Node “${title(id)}”`),
    ...compareLists(
      before.graph.edges,
      after.graph.edges,
      ({ fromNodeId, toNodeId }) => `Edge from “${title(fromNodeId)}” to “${title(toNodeId)}”`,
    ),
    ...compareOrder(before, after),
  ]
}

/** The fields in which two versions of an agent or a tool differ; of its config, each setting. */
export function compareEntities(before: object, after: object): Change[] {
  const old = before as Record<string, unknown>
  const now = after as Record<string, unknown>
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => !SET_BY_STORE.has(name) && !areAlike(old[name], now[name]))
    .map((name) => ({
      kind: old[name] === undefined ? 'added' : now[name] === undefined ? 'removed' : 'changed',
      what: wordFor(name),
      fields: name === 'config' ? listFields(asObject(old[name]), asObject(now[name])) : [],
    }))
}

const SET_BY_STORE: ReadonlySet<string> = new Set(['revision', 'createdAt', 'updatedAt'])

/** `modelName` → Model name */
function wordFor(field: string): string {
  const words = field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

/** Whether two versions of an agent or a tool say the same. */
export function areSameEntity(one: object, other: object): boolean {
  return one === other || compareEntities(one, other).length === 0
}

function compareHeads(before: Workflow, after: Workflow): Change[] {
  const names = [
    ['name', 'Name'],
    ['description', 'Description'],
    ['projectId', 'Project'],
    ['inputSchema', 'Input schema'],
    ['triggers', 'Triggers'],
    ['concurrency', 'Concurrency'],
    ['budget', 'Budget'],
  ] as const
  const changes = names
    .filter(([field]) => !areAlike(before[field], after[field]))
    .map(([, what]): Change => ({ kind: 'changed', what, fields: [] }))
  return [...changes, ...compareAssets(before.asset, after.asset)]
}

function compareAssets(before: Workflow['asset'], after: Workflow['asset']): Change[] {
  if (areAlike(before, after)) return []
  if (!before || !after) return [{ kind: before ? 'removed' : 'added', what: 'Asset', fields: [] }]
  return [{ kind: 'changed', what: 'Asset', fields: listFields(before, after) }]
}

function compareLists<Item extends { id: string }>(
  before: readonly Item[],
  after: readonly Item[],
  tell: (item: Item) => string,
): Change[] {
  const old = new Map(before.map((item) => [item.id, item]))
  const now = new Map(after.map((item) => [item.id, item]))
  const changes: Change[] = []
  for (const item of after) {
    const other = old.get(item.id)
    if (!other) changes.push({ kind: 'added', what: tell(item), fields: [] })
    else if (!areAlike(other, item)) {
      changes.push({ kind: 'changed', what: tell(item), fields: listFields(other, item) })
    }
  }
  for (const item of before)
    if (!now.has(item.id)) changes.push({ kind: 'removed', what: tell(item), fields: [] })
  return changes
}

/** A branch tries its edges in their order, so that the order says something. */
function compareOrder(before: Workflow, after: Workflow): Change[] {
  const order = (workflow: Workflow, among: ReadonlySet<string>) =>
    workflow.graph.edges.map(({ id }) => id).filter((id) => among.has(id))
  const kept = new Set(after.graph.edges.map(({ id }) => id))
  const common = new Set(before.graph.edges.map(({ id }) => id).filter((id) => kept.has(id)))
  const isSame = areAlike(order(before, common), order(after, common))
  return isSame ? [] : [{ kind: 'changed', what: 'Order of the edges', fields: [] }]
}

function listFields(before: object, after: object): string[] {
  const flat = (item: object): Record<string, unknown> => {
    const { config, ...others } = item as Record<string, unknown>
    return { ...(config as Record<string, unknown> | undefined), ...others }
  }
  const old = flat(before)
  const now = flat(after)
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (name) => !areAlike(old[name], now[name]),
  )
}

/** Deep equality; a field that is undefined is not there. */
function areAlike(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) =>
    areAlike(one[name as keyof typeof one], other[name as keyof typeof other]),
  )
}
