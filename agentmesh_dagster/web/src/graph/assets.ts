/** What a workflow says of its asset, as a form edits it. No React. */
import type { Json, JsonObject, Workflow } from '../api/types'
import { isObject } from '../schema/json'
import { renameInExpression } from './references'

export type Asset = NonNullable<Workflow['asset']>
export type AssetPart = Asset['parts'][string]
export type AssetCheck = Asset['checks'][number]
export type Partitions = NonNullable<Asset['partitions']>
export type Automation = NonNullable<Asset['automation']>
export type Freshness = NonNullable<Asset['freshness']>

const TIMES = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type TimeKind = (typeof TIMES)[number]
export type PartitionKind = 'none' | TimeKind | 'static' | 'dynamic'
export type AutomationKind = 'none' | 'eager' | 'onMissing' | 'cron'
export type FreshnessKind = 'none' | 'within' | 'cron'

const CHECK = { severity: 'error', blocking: false, ask: false } as const
const NOT_DESCRIBED = { owners: [], tags: {}, kinds: [] }

export function newAsset(key: string): Asset {
  return { key, ...NOT_DESCRIBED, deps: [], checks: [], parts: {} }
}

export function newPart(key: string): AssetPart {
  return { key, ...NOT_DESCRIBED }
}

export function newCheck(taken: readonly AssetCheck[]): AssetCheck {
  const names = new Set(taken.map(({ name }) => name))
  let number = taken.length + 1
  while (names.has(`check_${number}`)) number += 1
  return { name: `check_${number}`, condition: '', ...CHECK }
}

/** A key made of the workflow's name: `Daily brief` → daily_brief. */
export function suggestKey(name: string): string {
  return (
    name
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '_')
      .replace(/^_+|_+$/g, '') || 'asset'
  )
}

/** The asset as an author wrote it, with what the server would add, so that both say the same. What is no asset stays as
 *  it is: the server tells what is wrong with it. */
export function completeAsset(value: Json | undefined): Asset | undefined {
  if (!isObject(value)) return value as undefined
  const { key, partitions, automation, checks, parts, ...others } = value
  return {
    ...newAsset(''),
    ...others,
    ...(key !== undefined && { key: joinKey(key) }),
    ...(partitions !== undefined && { partitions: completePartitions(partitions) }),
    ...(automation !== undefined && { automation: withZone(automation) }),
    ...(checks !== undefined && {
      checks: Array.isArray(checks) ? checks.map((check) => complete(CHECK, check)) : checks,
    }),
    ...(parts !== undefined && {
      parts: isObject(parts) ? mapValues(parts, (part) => completePart(part)) : parts,
    }),
  } as unknown as Asset
}

function completePart(part: Json): Json {
  if (!isObject(part)) return part
  return { ...NOT_DESCRIBED, ...part, ...(part['key'] !== undefined && { key: joinKey(part['key']) }) }
}

function completePartitions(partitions: Json): Json {
  if (!isObject(partitions)) return partitions
  return mapValues(partitions, (value, name) =>
    TIMES.some((kind) => kind === name) ? withZone(value) : value,
  )
}

/** `[ai, brief]` is another spelling of `ai/brief`. */
function joinKey(key: Json): Json {
  const isList = Array.isArray(key) && key.length > 0
  return isList && key.every((part) => typeof part === 'string') ? key.join('/') : key
}

function withZone(value: Json): Json {
  return complete({ timezone: 'UTC' }, value)
}

function complete(usual: object, value: Json): Json {
  return isObject(value) ? { ...(usual as JsonObject), ...value } : value
}

/** The asset without what is left at its default: as a document says it. */
export function writeAsset(asset: Asset): object {
  return dropUsual(asset as unknown as JsonObject) as object
}

const USUAL: Readonly<JsonObject> = { timezone: 'UTC', ...CHECK }

function dropUsual(value: Json): Json {
  if (Array.isArray(value)) return value.map(dropUsual)
  if (!isObject(value)) return value
  const said = Object.entries(value).filter(
    ([name, field]) => field !== undefined && !isEmpty(field) && field !== USUAL[name],
  )
  return Object.fromEntries(said.map(([name, field]) => [name, dropUsual(field)]))
}

function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
}

/** In a few words: `ai/brief, daily, 2 checks`. */
export function summarizeAsset(asset: Asset | undefined): string {
  if (!isObject(asset)) return ''
  const kind = partitionKind(asset.partitions)
  const checks = listOf(asset.checks).length
  return [
    asset.key,
    kind === 'none' ? '' : kind,
    checks === 0 ? '' : checks === 1 ? '1 check' : `${checks} checks`,
  ]
    .filter(Boolean)
    .join(', ')
}

export function partitionKind(partitions: Partitions | undefined): PartitionKind {
  const kinds = [...TIMES, 'static', 'dynamic'] as const
  return (isObject(partitions) && kinds.find((kind) => partitions[kind] !== undefined)) || 'none'
}

export function isTimeKind(kind: PartitionKind): kind is TimeKind {
  return TIMES.some((one) => one === kind)
}

/** Partitions of another kind; what both kinds have in common is kept. */
export function changePartitions(
  before: Partitions | undefined,
  kind: PartitionKind,
  today: string,
): Partitions | undefined {
  const old = partitionKind(before)
  if (kind === 'none') return undefined
  if (kind === 'static') return { static: [] }
  if (kind === 'dynamic') return { dynamic: '' }
  const { start = today, timezone = 'UTC' } = (isTimeKind(old) && before?.[old]) || {}
  const day = start.slice(0, 10)
  return { [kind]: { start: kind === 'hourly' ? `${day}-00:00` : day, timezone } }
}

export function automationKind(automation: Automation | undefined): AutomationKind {
  if (automation === 'eager' || automation === 'onMissing') return automation
  return isObject(automation) ? 'cron' : 'none'
}

export function changeAutomation(kind: AutomationKind): Automation | undefined {
  return kind === 'none' ? undefined : kind === 'cron' ? { cron: '0 6 * * *', timezone: 'UTC' } : kind
}

export function freshnessKind(freshness: Freshness | undefined): FreshnessKind {
  if (!isObject(freshness)) return 'none'
  return freshness.cron !== undefined || freshness.lowerBoundSeconds !== undefined ? 'cron' : 'within'
}

const DAY = 86_400

export function changeFreshness(kind: FreshnessKind): Freshness | undefined {
  if (kind === 'none') return undefined
  return kind === 'within' ? { within: DAY } : { cron: '0 9 * * *', lowerBoundSeconds: DAY }
}

/** The part of each node goes with the node's id, and so do the names in conditions. */
export function renameInAsset(asset: Asset, renamed: ReadonlyMap<string, string>): Asset {
  const changed: Partial<Asset> = {}
  if (isObject(asset.parts)) {
    const parts = Object.entries(asset.parts).map(([id, part]) => [renamed.get(id) ?? id, part])
    changed.parts = Object.fromEntries(parts) as Asset['parts']
  }
  if (Array.isArray(asset.checks)) {
    changed.checks = asset.checks.map((check) =>
      typeof check?.condition === 'string'
        ? { ...check, condition: renameInExpression(check.condition, renamed) }
        : check,
    )
  }
  return { ...asset, ...changed }
}

/** The asset without the parts of nodes that are gone; the same asset where none is. */
export function dropParts(asset: Asset, isThere: (nodeId: string) => boolean): Asset {
  if (!isObject(asset.parts)) return asset
  const kept = Object.entries(asset.parts).filter(([id]) => isThere(id))
  return kept.length === Object.keys(asset.parts).length
    ? asset
    : { ...asset, parts: Object.fromEntries(kept) as Asset['parts'] }
}

/** The beginnings that known keys have: `ai/` of `ai/brief`. */
export function listPrefixes(keys: readonly string[]): string[] {
  const found = keys.flatMap((key) => {
    const end = key.lastIndexOf('/')
    return end < 0 ? [] : [key.slice(0, end + 1)]
  })
  return [...new Set(found)].toSorted()
}

/** A list as the form can show it, whatever a document says there. */
export function listOf<Item>(value: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(value) ? (value as readonly Item[]) : []
}

function mapValues(object: JsonObject, change: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]))
}
