import { expect, it } from 'vitest'
import { findPlaces, listLines } from './jsonLines'

const VALUE = { a: [1, { 'b c': 'Needle' }], empty: {}, needle: null }

it('lists what is open, and closed things as one line', () => {
  const lines = listLines(VALUE, (place) => place === '$.a')
  expect(lines.map(({ place, depth, size, isOpen }) => [place, depth, size, isOpen])).toEqual([
    ['$.a', 0, 2, true],
    ['$.a[0]', 1, 0, false],
    ['$.a[1]', 1, 1, false],
    ['$.empty', 0, 0, false],
    ['$.needle', 0, 0, false],
  ])
})

it('has a line for the value itself where nothing stands in it', () => {
  expect([{}, [], 'word', null].map((value) => listLines(value, () => true).length)).toEqual([1, 1, 1, 1])
})

it('finds names and values whatever their case, and opens the way to them', () => {
  const { found, around } = findPlaces(VALUE, ' needle')
  expect(found).toEqual(['$.a[1]["b c"]', '$.needle'])
  expect([...around]).toEqual(['$', '$.a', '$.a[1]'])
  expect(findPlaces(VALUE, ' ').found).toEqual([])
})
