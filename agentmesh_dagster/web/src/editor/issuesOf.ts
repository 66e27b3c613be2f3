/** The issues of one thing in the editor: what the server found, and texts that stand for nothing. */
import { isWarning, sortIssues, describeIssues } from '../graph/issues'
import type { PlacedIssue } from '../graph/issues'
import type { EditorState } from './state'

/** What a field belongs to. */
export type Subject = { kind: 'node' | 'edge'; id: string } | { kind: 'workflow' }

export const THE_WORKFLOW: Subject = { kind: 'workflow' }

type Grouped = ReadonlyMap<string, readonly PlacedIssue[]>

const NONE: readonly PlacedIssue[] = []
const grouped = new WeakMap<
  readonly PlacedIssue[],
  Pick<EditorState, 'textFaults' | 'isNameDue'> & { groups: Grouped; all: PlacedIssue[] }
>()

export function issuesOf(state: EditorState, subject: Subject): readonly PlacedIssue[] {
  return group(state).groups.get(keyOf(subject)) ?? NONE
}

/** All issues, errors first; the same list as long as nothing changes. */
export function allIssues(state: EditorState): readonly PlacedIssue[] {
  return group(state).all
}

export function faultAt(state: EditorState, subject: Subject, field: string): string {
  return describeIssues(issuesOf(state, subject), field)
}

/** `2 issues, 1 warning`; '' for none. */
export function countIssues(issues: readonly PlacedIssue[]): string {
  const warnings = issues.filter(isWarning).length
  const errors = issues.length - warnings
  return [formatCount(errors, 'issue'), formatCount(warnings, 'warning')].filter(Boolean).join(', ')
}

export function keyOf(subject: Subject): string {
  return subject.kind === 'workflow' ? 'workflow' : `${subject.kind}:${subject.id}`
}

export function subjectOf({ nodeId, edgeId }: PlacedIssue): Subject {
  if (edgeId !== undefined) return { kind: 'edge', id: edgeId }
  return nodeId === undefined ? THE_WORKFLOW : { kind: 'node', id: nodeId }
}

function group(state: EditorState) {
  const { textFaults, isNameDue } = state
  const known = grouped.get(state.issues)
  if (known?.textFaults === textFaults && known.isNameDue === isNameDue) return known
  const found = isNameDue ? state.issues : state.issues.filter((issue) => !isAboutName(issue))
  const all = sortIssues([...textFaults.values(), ...found])
  const groups = new Map<string, PlacedIssue[]>()
  for (const issue of all) {
    const key = keyOf(subjectOf(issue))
    groups.set(key, [...(groups.get(key) ?? []), issue])
  }
  const made = { textFaults, isNameDue, groups, all }
  grouped.set(state.issues, made)
  return made
}

function isAboutName(issue: PlacedIssue): boolean {
  return issue.field === 'name' && subjectOf(issue).kind === 'workflow'
}

function formatCount(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}
