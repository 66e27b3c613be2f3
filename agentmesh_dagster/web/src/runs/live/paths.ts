/** Paths of steps, as the API writes them: `#2` a round, `[3]` an item, `review` the inside of a sub-workflow, the
 *  outermost first, with `/` between. No React. */

export type Frame =
  { kind: 'round'; number: number } | { kind: 'item'; index: number } | { kind: 'call'; nodeId: string }

const known = new Map<string, readonly Frame[]>()
const MOST_KNOWN = 10_000

export function readPath(path: string): readonly Frame[] {
  let frames = known.get(path)
  if (frames === undefined) {
    frames = path === '' ? [] : path.split('/').map(readFrame)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(path, frames)
  }
  return frames
}

export function writePath(frames: readonly Frame[]): string {
  return frames.map(writeFrame).join('/')
}

/** The part of a path that ends with the innermost call: the place of the sub-workflow; '' outside of every one. */
export function placeOf(path: string): string {
  const frames = readPath(path)
  return writePath(frames.slice(0, frames.findLastIndex(({ kind }) => kind === 'call') + 1))
}

/** The place of the inside of a sub-workflow, seen from a step of the node that calls it. */
export function insideOf(step: { nodeId: string; path: string }): string {
  return writePath([...readPath(step.path), { kind: 'call', nodeId: step.nodeId }])
}

/** Whether a place lies inside of another one, or is the same. */
export function isInside(place: string, around: string): boolean {
  return around === '' || place === around || place.startsWith(`${around}/`)
}

/** The item of the innermost `each`, from 0. */
export function itemOf(path: string): number | null {
  const item = readPath(path).findLast(({ kind }) => kind === 'item')
  return item?.kind === 'item' ? item.index : null
}

function readFrame(text: string): Frame {
  const round = /^#(\d+)$/.exec(text)
  if (round) return { kind: 'round', number: Number(round[1]) }
  const item = /^\[(\d+)\]$/.exec(text)
  if (item) return { kind: 'item', index: Number(item[1]) }
  return { kind: 'call', nodeId: decode(text) }
}

function writeFrame(frame: Frame): string {
  if (frame.kind === 'round') return `#${frame.number}`
  if (frame.kind === 'item') return `[${frame.index}]`
  const escaped = frame.nodeId.replace(/%/g, '%25').replace(/\//g, '%2F')
  return escaped.replace(/^\[/, '%5B').replace(/^#/, '%23')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
