import { expect, it } from 'vitest'
import { slug } from './slug'

it('makes readable ids of names', () => {
  expect(['Support triage', ' Größe & Maß!', 'Ünïcode 2', '你好', ''].map(slug)).toEqual([
    'support_triage',
    'grosse_mass',
    'unicode_2',
    '',
    '',
  ])
})
