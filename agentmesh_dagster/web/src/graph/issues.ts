/** Where the issues that the server found belong: to a node, to an edge, to a field of the workflow. */
import type { Issue, Workflow } from '../api/types'

export interface PlacedIssue {
  issue: Issue
  nodeId?: string
  edgeId?: string
  /** The field in the node, edge or workflow: `config.retry.maxAttempts`, `name`; '' for all of it. */
  field: string
}

/** Issues that the server places at the whole node, though one field mends them. */
const FIELD_BY_CODE: Readonly<Record<string, string>> = {
  'missing-agent-id': 'agentId',
  'missing-tool-id': 'toolId',
  'branch-without-edges': 'edges',
  'each-without-items': 'config.items',
}

const ITEM = /^\$\.graph\.(nodes|edges)\[(\d+)\](.*)$/

/** Ties issues to the ids of the workflow that was checked: places in lists shift with the next edit. */
export function placeIssues(issues: readonly Issue[], checked: Workflow): PlacedIssue[] {
  return issues.map((issue) => {
    const [, list, at, rest = ''] = ITEM.exec(issue.path ?? '') ?? []
    if (list === undefined) {
      return {
        issue,
        nodeId: issue.nodeId,
        edgeId: issue.edgeId,
        field: trimField(issue.path?.slice(1) ?? ''),
      }
    }
    const item = list === 'nodes' ? checked.graph.nodes[Number(at)] : checked.graph.edges[Number(at)]
    // An edge's fault may name the node that it leaves: the edge is the closer place.
    return list === 'nodes'
      ? { issue, nodeId: item?.id ?? issue.nodeId, field: FIELD_BY_CODE[issue.code] ?? trimField(rest) }
      : { issue, edgeId: item?.id ?? issue.edgeId, field: trimField(rest) }
  })
}

export function isWarning({ issue }: PlacedIssue): boolean {
  return issue.severity === 'warning'
}

/** Errors first; what stands in their way of saving comes before what is only odd. */
export function sortIssues(issues: readonly PlacedIssue[]): PlacedIssue[] {
  return [...issues.filter((one) => !isWarning(one)), ...issues.filter(isWarning)]
}

/** Whether a fault at `place` belongs to the field: to itself, or to something inside of it. */
export function isInField(place: string, field: string): boolean {
  return place === field || (place.startsWith(field) && /^[.[]/.test(place.slice(field.length)))
}

/** The sentences about a field and what is inside of it; with the place inside, where there is one. */
export function describeIssues(issues: readonly PlacedIssue[], field: string): string {
  return issues
    .filter((one) => isInField(one.field, field))
    .map((one) => {
      const inside = trimField(one.field.slice(field.length))
      return inside ? `${inside}: ${one.issue.message}` : one.issue.message
    })
    .join(' ')
}

/** Of several fields, the one that shows the place: itself, or the closest around it. */
export function findShownField(place: string, fields: readonly string[]): string | undefined {
  return fields
    .filter((field) => isInField(place, field))
    .toSorted((one, other) => other.length - one.length)[0]
}

function trimField(path: string): string {
  return path.replace(/^\./, '')
}
