import { findNode, titleOf } from '../graph/edits'
import { isWarning, messageOf } from '../graph/issues'
import type { PlacedIssue } from '../graph/issues'
import { Icon } from '../ui/icons'
import { allIssues, countIssues } from './issuesOf'
import { graphOf, workflowOf } from './state'
import type { EditorState } from './state'
import { useEditor, useEditorStore } from './useEditor'
import type { Checking } from './useValidation'
import { Message } from '../ui/Message'

interface Props {
  checking: Checking
  isOpen: boolean
  onOpen: (isOpen: boolean) => void
  onChoose: (issue: PlacedIssue) => void
}

/** All issues of the workflow; each leads to its place. */
export function IssuePanel({ checking, isOpen, onOpen, onChoose }: Props) {
  const store = useEditorStore()
  const issues = useEditor(allIssues)
  const isNameDue = useEditor((state) => state.isNameDue || workflowOf(state).name !== '')
  const errors = issues.filter((issue) => !isWarning(issue)).length
  const kind = issues.length === 0 ? 'good' : errors > 0 ? 'bad' : 'warn'
  return (
    <section className="issue-panel" aria-label="Issues">
      <button type="button" className="issues-head" aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
        <Icon name={isOpen ? 'down' : 'chevron'} size={14} />
        <span className={`issues-count issues-${kind}`} role="status">
          <Icon name={kind === 'good' ? 'check' : 'warning'} size={14} />
          {countIssues(issues) || 'No issues'}
        </span>
        <span className="muted small">{CHECKING[checking]}</span>
      </button>
      {isOpen && (
        <ul className="plain issues-list">
          {issues.length === 0 && (
            <li className="issues-none muted">
              {isNameDue ? 'Nothing keeps it from being published.' : 'Give it a name to publish it.'}
            </li>
          )}
          {issues.map((one) => (
            <li key={`${one.nodeId} ${one.edgeId} ${one.field} ${one.issue.code} ${one.issue.message}`}>
              <button type="button" className="issue-line" onClick={() => onChoose(one)}>
                <span className={isWarning(one) ? 'issues-warn' : 'issues-bad'}>
                  <Icon name={isWarning(one) ? 'info' : 'warning'} size={14} />
                  <span className="visually-hidden">{isWarning(one) ? 'Warning' : 'Issue'}: </span>
                </span>
                <span className="grow">
                  <Message text={messageOf(one)} />
                </span>
                <span className="issue-place truncate muted small">{describePlace(store.get(), one)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const CHECKING: Readonly<Record<Checking, string>> = {
  checking: 'checking …',
  checked: '',
  failed: 'The server cannot check it just now.',
}

/** `Plan it · prompt` */
function describePlace(state: EditorState, { nodeId, edgeId, field }: PlacedIssue): string {
  const graph = graphOf(state)
  const title = (id: string) => {
    const node = findNode(graph, id)
    return node ? titleOf(node) : id
  }
  const edge = graph.edges.find(({ id }) => id === edgeId)
  const owner = edge
    ? `${title(edge.fromNodeId)} → ${title(edge.toNodeId)}`
    : nodeId === undefined
      ? 'Workflow'
      : title(nodeId)
  return [owner, field.replace(/^config\.?/, '')].filter(Boolean).join(' · ')
}
