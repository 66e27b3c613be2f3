/** The difference between two texts, line by line. */
export interface DiffLine {
  kind: 'same' | 'removed' | 'added'
  text: string
  /** Line numbers, from 1; undefined on the side where the line is not. */
  before?: number
  after?: number
}

const MOST_CELLS = 20_000_000 // four bytes each

export type DiffPart = { kind: 'lines'; lines: DiffLine[] } | { kind: 'gap'; count: number }

/** All lines of both texts, in order; what both have stands once. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = before.split('\n')
  const now = after.split('\n')
  let start = 0
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1
  let oldEnd = old.length
  let nowEnd = now.length
  while (oldEnd > start && nowEnd > start && old[oldEnd - 1] === now[nowEnd - 1]) {
    oldEnd -= 1
    nowEnd -= 1
  }
  const lines: DiffLine[] = []
  const add = (kind: DiffLine['kind'], text: string, at?: number, to?: number) =>
    lines.push({
      kind,
      text,
      ...(at === undefined ? {} : { before: at + 1 }),
      ...(to === undefined ? {} : { after: to + 1 }),
    })
  for (let at = 0; at < start; at += 1) add('same', old[at] ?? '', at, at)
  const common = longestCommon(old.slice(start, oldEnd), now.slice(start, nowEnd))
  let at = start
  let to = start
  for (const [oldAt, nowAt] of [
    ...common.map(([one, other]) => [one + start, other + start] as const),
    [oldEnd, nowEnd] as const,
  ]) {
    for (; at < oldAt; at += 1) add('removed', old[at] ?? '', at)
    for (; to < nowAt; to += 1) add('added', now[to] ?? '', undefined, to)
    if (at < oldEnd && to < nowEnd) add('same', old[at] ?? '', at++, to++)
  }
  for (; at < old.length; at += 1, to += 1) add('same', old[at] ?? '', at, to)
  return lines
}

/** Changed lines with a few of those around them; the others are only counted. */
export function foldSame(lines: readonly DiffLine[], around = 3): DiffPart[] {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some((line) => line.kind !== 'same'),
  )
  const parts: DiffPart[] = []
  for (const [at, line] of lines.entries()) {
    const last = parts.at(-1)
    if (near[at]) {
      if (last?.kind === 'lines') last.lines.push(line)
      else parts.push({ kind: 'lines', lines: [line] })
    } else if (last?.kind === 'gap') last.count += 1
    else parts.push({ kind: 'gap', count: 1 })
  }
  return parts
}

/** Pairs of places that hold the same line, rising on both sides, as many as there can be. */
function longestCommon(old: readonly string[], now: readonly string[]): (readonly [number, number])[] {
  if (old.length * now.length > MOST_CELLS) return [] // then all of it is shown as replaced
  const width = now.length + 1
  const best = new Uint32Array((old.length + 1) * width)
  const at = (row: number, column: number) => best[row * width + column] ?? 0
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      best[row * width + column] =
        old[row] === now[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const pairs: (readonly [number, number])[] = []
  for (let row = 0, column = 0; row < old.length && column < now.length;) {
    if (old[row] === now[column]) pairs.push([row++, column++])
    else if (at(row + 1, column) >= at(row, column + 1)) row += 1
    else column += 1
  }
  return pairs
}
