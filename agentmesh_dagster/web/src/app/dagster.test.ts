import { expect, it } from 'vitest'
import { assetPage, backfillPage, backfillRuns } from './dagster'

it('leads to pages of Dagster, whatever stands in a key and wherever it is mounted', () => {
  expect(assetPage('/', 'ai/brief')).toBe('/assets/ai/brief')
  expect(assetPage('/dagster/', 'ai/my brief', { partition: '2026-11-01', view: undefined })).toBe(
    '/dagster/assets/ai/my%20brief?partition=2026-11-01',
  )
  expect(backfillPage('/', 'ai/brief')).toBe('/assets/ai/brief?view=partitions')
  expect(backfillRuns('/', 'kxqp')).toBe('/runs/b/kxqp')
})
