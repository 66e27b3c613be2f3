/** The places of a document's nodes, as the canvas needs them and as the document holds them. */
import type { Workflow, WorkflowGraph } from '../api/types'
import type { Positions } from './layout'

type Layout = NonNullable<Workflow['layout']>

/** The places that the document says; of other nodes nothing is known. */
export function readLayout(layout: Workflow['layout']): Positions {
  return new Map(Object.entries(layout ?? {}).map(([id, [x = 0, y = 0]]) => [id, { x, y }]))
}

/** The places of all nodes of the graph, in whole pixels. */
export function writeLayout(graph: WorkflowGraph, positions: Positions): Layout {
  return Object.fromEntries(
    graph.nodes.flatMap(({ id }) => {
      const place = positions.get(id)
      return place ? [[id, [Math.round(place.x), Math.round(place.y)]]] : []
    }),
  ) as Layout
}
