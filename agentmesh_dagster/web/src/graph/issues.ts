/** Where the issues that the server found belong: to a node, to an edge, to a field of the workflow. */
import type { GraphNode, Issue, Workflow } from '../api/types'
import { describeValue } from '../schema/fields'
import { nodeFields } from '../types/types'

export interface PlacedIssue {
  issue: Issue
  nodeId?: string
  edgeId?: string
  /** The field in the node, edge or workflow: `config.retry.maxAttempts`, `name`; '' for all of it. */
  field: string
  /** The message as a form says it; the server names keys and values of the document. */
  words?: string
}

export function messageOf({ issue, words }: PlacedIssue): string {
  return words ?? issue.message
}

/** Issues that the server places at the whole node, though one field mends them. */
const FIELD_BY_CODE: Readonly<Record<string, string>> = {
  'missing-agent-id': 'agentId',
  'missing-tool-id': 'toolId',
  'missing-workflow-id': 'workflowId',
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
    if (list === 'nodes') {
      const node = checked.graph.nodes[Number(at)]
      const field = FIELD_BY_CODE[issue.code] ?? trimField(rest)
      return {
        issue,
        nodeId: node?.id ?? issue.nodeId,
        field,
        words: inFormWords(issue.message, node, field),
      }
    }
    // An edge's fault may name the node that it leaves: the edge is the closer place.
    const edge = checked.graph.edges[Number(at)]
    const from = checked.graph.nodes.find(({ id }) => id === edge?.fromNodeId)
    const field = trimField(rest)
    return { issue, edgeId: edge?.id ?? issue.edgeId, field, words: inFormWords(issue.message, from, field) }
  })
}

const SETTING = /`(config\.)?([A-Za-z]+)(?:: ([^`]+))?`/g

/** `mode: all` is `Mode: All matches` in a form. A name alone may be a node's: it is a setting's only if nothing else
 *  can be meant. */
function inFormWords(message: string, node: GraphNode | undefined, place: string): string {
  if (!node) return message
  const fields = nodeFields(node.type)
  return message.replace(SETTING, (whole, prefix: string | undefined, name: string, value?: string) => {
    const field = fields.find((one) => one.name === name)
    const isSetting =
      prefix !== undefined || value !== undefined || place === `config.${name}` || /[A-Z]/.test(name)
    if (!field || !isSetting) return whole
    return value === undefined ? `\`${field.label}\`` : `\`${field.label}: ${describeValue(field, value)}\``
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
      return inside ? `${inside}: ${messageOf(one)}` : messageOf(one)
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
