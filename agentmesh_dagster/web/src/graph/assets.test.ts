import { describe, expect, it } from 'vitest'
import type { Json } from '../api/types'
import {
  automationKind,
  changePartitions,
  completeAsset,
  dropParts,
  listPrefixes,
  newAsset,
  newCheck,
  newPart,
  partitionKind,
  renameInAsset,
  suggestKey,
  summarizeAsset,
  writeAsset,
} from './assets'
import { compareWorkflows, haveSameContent } from './compare'
import { graphOf, workflowOf } from './samples'
import { readYaml, writeYaml } from './yaml'

const CHECK = { name: 'has_text', condition: 'context.outputs.draft != null' }
const WRITTEN: Json = {
  key: ['ai', 'brief'],
  deps: ['raw/tickets'],
  partitions: { daily: { start: '2026-11-01' } },
  automation: { cron: '0 6 * * *' },
  checks: [{ ...CHECK, ask: true }],
  parts: { draft: { key: 'ai/brief/draft' } },
}
const ASSET = completeAsset(WRITTEN)
if (!ASSET) throw new Error('it is an asset')
const base = workflowOf(graphOf('start>draft draft>end'), { revision: 3 })

describe('an asset as a document says it', () => {
  it('is completed as the server does, and written without what goes without saying', () => {
    expect(ASSET).toMatchObject({
      key: 'ai/brief',
      owners: [],
      checks: [{ severity: 'error', blocking: false }],
    })
    expect(ASSET.partitions).toEqual({ daily: { start: '2026-11-01', timezone: 'UTC' } })
    expect(writeAsset(ASSET)).toEqual({ ...(WRITTEN as object), key: 'ai/brief' })
  })
  it('is the same after a walk through YAML', () => {
    const workflow = { ...base, asset: ASSET }
    const read = readYaml(writeYaml(workflow), base)
    expect('workflow' in read && haveSameContent(read.workflow, workflow)).toBe(true)
  })
  it('is left for the server to judge where it is none', () => {
    const read = readYaml(`${writeYaml(base)}asset: brief\n`, base)
    expect('workflow' in read && read.workflow.asset).toBe('brief')
    expect(summarizeAsset('brief' as never)).toBe('')
  })
})

it('tells in a comparison that there is an asset, and which of its fields changed', () => {
  const withAsset = { ...base, asset: ASSET }
  expect(compareWorkflows(base, withAsset)).toEqual([{ kind: 'added', what: 'Asset', fields: [] }])
  const other = { ...base, asset: { ...ASSET, key: 'ai/other', deps: [] } }
  expect(compareWorkflows(withAsset, other)).toEqual([
    { kind: 'changed', what: 'Asset', fields: ['key', 'deps'] },
  ])
})

it('goes along when a node gets another id, and when one goes', () => {
  const renamed = renameInAsset(ASSET, new Map([['draft', 'my draft']]))
  expect(Object.keys(renamed.parts)).toEqual(['my draft'])
  expect(renamed.checks[0]?.condition).toBe('context.outputs["my draft"] != null')
  expect(dropParts(ASSET, (id) => id !== 'draft').parts).toEqual({})
  expect(dropParts(ASSET, () => true)).toBe(ASSET)
})

describe('another kind of partitions', () => {
  it('keeps what both kinds have', () => {
    const daily = { daily: { start: '2026-11-01', timezone: 'Europe/Berlin' } }
    expect(changePartitions(daily, 'hourly', '2026-12-01')).toEqual({
      hourly: { start: '2026-11-01-00:00', timezone: 'Europe/Berlin' },
    })
    expect(changePartitions(undefined, 'weekly', '2026-12-01')).toEqual({
      weekly: { start: '2026-12-01', timezone: 'UTC' },
    })
    expect(changePartitions(daily, 'static', '2026-12-01')).toEqual({ static: [] })
    expect(changePartitions(daily, 'none', '2026-12-01')).toBeUndefined()
  })
  it('is read from what is given', () => {
    expect(partitionKind({ dynamic: 'customers' })).toBe('dynamic')
    expect(partitionKind(undefined)).toBe('none')
    expect(automationKind('eager')).toBe('eager')
    expect(automationKind({ cron: '0 6 * * *', timezone: 'UTC' })).toBe('cron')
  })
})

it('suggests keys and names that are free', () => {
  expect(suggestKey(' Daily brief! ')).toBe('daily_brief')
  expect(suggestKey('…')).toBe('asset')
  expect(listPrefixes(['ai/brief', 'ai/report', 'raw/a/b', 'alone'])).toEqual(['ai/', 'raw/a/'])
  expect(newCheck([{ ...newCheck([]), name: 'check_2' }]).name).toBe('check_3')
})

it('is told in a few words', () => {
  expect(summarizeAsset(ASSET)).toBe('ai/brief, daily, 1 check')
  expect(summarizeAsset(newAsset('ai/brief'))).toBe('ai/brief')
  expect(newPart('a').kinds).toEqual([])
})
