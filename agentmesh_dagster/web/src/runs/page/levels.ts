/** The graphs of a run: its own, and that of each sub-workflow, with what they repeat as the server says. No React. */
import type { GraphNode, Loop, PinnedWorkflow, Region, Workflow } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { readPath } from '../live/paths'
import type { Frame } from '../live/paths'
import { readRegions } from './regions'
import type { Regions } from './regions'

/** One graph, wherever it is called. */
export interface Level {
  workflow: Workflow
  nodes: ReadonlyMap<string, GraphNode>
  regions: Regions
  /** A loop stands behind those around it. */
  loops: readonly Loop[]
}

export interface Levels {
  own: Level
  called: ReadonlyMap<string, Level>
}

export function readLevels(pinned: PinnedWorkflow): Levels {
  const repeats = new Map(pinned.called.map((one) => [one.workflowId, one]))
  return {
    own: makeLevel(pinned.workflow, pinned.regions, pinned.loops),
    called: new Map(
      pinned.workflows.map((workflow) => {
        const { regions = [], loops = [] } = repeats.get(workflow.id) ?? {}
        return [workflow.id, makeLevel(workflow, regions, loops)]
      }),
    ),
  }
}

export function makeLevel(workflow: Workflow, regions: readonly Region[], loops: readonly Loop[]): Level {
  const nodes = new Map(workflow.graph.nodes.map((node) => [node.id, node]))
  return { workflow, nodes, regions: readRegions(regions), loops }
}

/** The graph in which what stands at a path is found; undefined where the run does not know it. */
export function levelAt(levels: Levels, path: string): Level | undefined {
  let level: Level | undefined = levels.own
  for (const frame of readPath(path)) {
    if (frame.kind === 'call') level = levelInside(levels, level, frame.nodeId)
    if (!level) return undefined
  }
  return level
}

export function levelInside(levels: Levels, level: Level | undefined, nodeId: string): Level | undefined {
  return levels.called.get(level?.nodes.get(nodeId)?.workflowId ?? '')
}

/** The loops around a node, the outermost first. */
export function loopsAround(level: Level | undefined, nodeId: string): readonly Loop[] {
  return level?.loops.filter(({ body }) => body.includes(nodeId)) ?? []
}

export function titleIn(level: Level | undefined, nodeId: string): string {
  const node = level?.nodes.get(nodeId)
  return node ? titleOf(node) : nodeId
}

/** The ids of all nodes that repeat something for each item. */
export function listEachIds({ own, called }: Levels): ReadonlySet<string> {
  return new Set([own, ...called.values()].flatMap(({ regions }) => [...regions.values()]))
}

/** `Review · round 2 · item 3`: where a step stands; '' outside of all that is repeated or called. */
export function describePath(levels: Levels, path: string): string {
  let level: Level | undefined = levels.own
  const words = readPath(path).map((frame) => {
    if (frame.kind !== 'call') return describeFrame(frame)
    const title = titleIn(level, frame.nodeId)
    level = levelInside(levels, level, frame.nodeId)
    return title
  })
  return words.join(' · ')
}

/** `round 2`, `item 3`. */
export function describeFrame(frame: Exclude<Frame, { kind: 'call' }>): string {
  return frame.kind === 'round' ? `round ${frame.number}` : `item ${frame.index + 1}`
}
