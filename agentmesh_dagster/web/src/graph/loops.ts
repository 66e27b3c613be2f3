/** Where loops are drawn: the area behind their nodes, and the way of the edges that lead back around them. No React. */
import type { GraphEdge, Loop } from '../api/types'
import { NODE_HEIGHT, NODE_WIDTH } from './layout'
import type { Position, Positions } from './layout'

export interface Area extends Position {
  width: number
  height: number
}

const MARGIN = 22 // between a loop's nodes and its border
const HEAD = 22 // for its name
const LANE = 30 // between the nodes and an edge back, and between two of these
const OUT = 26 // how far an edge back goes on from its node
const BEND = 10 // radius

/** The area of a loop: around all of its nodes and the loops in it. Undefined where none of its nodes has a place. */
export function areaOf(loop: Loop, loops: readonly Loop[], positions: Positions): Area | undefined {
  const places = loop.body.flatMap((id) => positions.get(id) ?? [])
  if (places.length === 0) return undefined
  const inner = depthInside(loop, loops)
  const side = MARGIN + 6 * inner
  const left = Math.min(...places.map(({ x }) => x)) - side - OUT / 2
  const right = Math.max(...places.map(({ x }) => x + NODE_WIDTH)) + side + OUT / 2
  const top = Math.min(...places.map(({ y }) => y)) - MARGIN - HEAD * (inner + 1)
  const bottom = laneOf(loop, loops, positions, loop.back.length - 1) + MARGIN
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** How far down the edges back run, by edge id. */
export function laneByEdge(loops: readonly Loop[], positions: Positions): ReadonlyMap<string, number> {
  return new Map(
    loops.flatMap((loop) => loop.back.map((id, at) => [id, laneOf(loop, loops, positions, at)] as const)),
  )
}

/** An edge that leads back: from the right of its source below all that lies between to the left of its target. */
export function routeBack(from: Position, to: Position, lane: number): { path: string; label: Position } {
  const right = Math.max(from.x, to.x) + OUT
  const left = Math.min(from.x, to.x) - OUT
  const path = [
    `M ${from.x} ${from.y}`,
    `L ${right - BEND} ${from.y}`,
    `Q ${right} ${from.y} ${right} ${from.y + BEND}`,
    `L ${right} ${lane - BEND}`,
    `Q ${right} ${lane} ${right - BEND} ${lane}`,
    `L ${left + BEND} ${lane}`,
    `Q ${left} ${lane} ${left} ${lane - BEND}`,
    `L ${left} ${to.y + BEND}`,
    `Q ${left} ${to.y} ${left + BEND} ${to.y}`,
    `L ${to.x} ${to.y}`,
  ]
  return { path: path.join(' '), label: { x: (left + right) / 2, y: lane } }
}

/** `again, up to 10 rounds` */
export function labelBack({ maxRounds }: Pick<GraphEdge, 'maxRounds'>): string {
  return maxRounds === undefined ? '' : `again, up to ${maxRounds} rounds`
}

function laneOf(loop: Loop, loops: readonly Loop[], positions: Positions, at: number): number {
  const ends = loop.body.flatMap((id) => positions.get(id) ?? []).map(({ y }) => y + NODE_HEIGHT)
  const below = loops.filter((other) => isAround(loop, other)).map((other) => lanesOf(other, loops))
  return Math.max(...ends) + LANE * (Math.max(0, ...below) + at + 1)
}

/** How many lanes a loop takes, with those in it. */
function lanesOf(loop: Loop, loops: readonly Loop[]): number {
  const inner = loops.filter((other) => isAround(loop, other)).map((other) => lanesOf(other, loops))
  return loop.back.length + Math.max(0, ...inner)
}

function depthInside(loop: Loop, loops: readonly Loop[]): number {
  const inner = loops.filter((other) => isAround(loop, other)).map((other) => 1 + depthInside(other, loops))
  return Math.max(0, ...inner)
}

function isAround(loop: Loop, other: Loop): boolean {
  return other !== loop && other.body.length < loop.body.length && loop.body.includes(other.head)
}
