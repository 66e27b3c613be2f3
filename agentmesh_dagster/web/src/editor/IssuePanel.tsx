import { findNode, titleOf } from '../graph/edits'
import { isWarning } from '../graph/issues'
import type { PlacedIssue } from '../graph/issues'
import { Icon } from '../ui/icons'
import { allIssues, countIssues } from './issuesOf'
import { graphOf } from './state'
import type { EditorState } from './state'
import { useEditor, useEditorStore } from './useEditor'
import type { Checking } from './useValidation'

interface Props {
  checking: Checking
  isOpen: boolean
  onOpen: (isOpen: boolean) => void
  onChoose: (issue: PlacedIssue) => void
}

/** All faults of the workflow; each leads to its place. */
export function IssuePanel({ checking, isOpen, onOpen, onChoose }: Props) {
  const store = useEditorStore()
  const issues = useEditor(allIssues)
  const faults = issues.filter((issue) => !isWarning(issue)).length
  const kind = issues.length === 0 ? 'good' : faults > 0 ? 'bad' : 'warn'
  return (
    <section className="faults" aria-label="Faults">
      <button type="button" className="faults-head" aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
        <Icon name={isOpen ? 'down' : 'chevron'} size={14} />
        <span className={`faults-count faults-${kind}`} role="status">
          <Icon name={kind === 'good' ? 'check' : 'warning'} size={14} />
          {countIssues(issues) || 'No faults'}
        </span>
        <span className="muted small">{CHECKING[checking]}</span>
      </button>
      {isOpen && (
        <ul className="plain faults-list">
          {issues.length === 0 && (
            <li className="faults-none muted">Nothing is in the way of saving and running it.</li>
          )}
          {issues.map((one) => (
            <li key={`${one.nodeId} ${one.edgeId} ${one.field} ${one.issue.code} ${one.issue.message}`}>
              <button type="button" className="fault-line" onClick={() => onChoose(one)}>
                <span className={isWarning(one) ? 'faults-warn' : 'faults-bad'}>
                  <Icon name={isWarning(one) ? 'info' : 'warning'} size={14} />
                  <span className="visually-hidden">{isWarning(one) ? 'Warning' : 'Fault'}: </span>
                </span>
                <span className="grow">{one.issue.message}</span>
                <span className="fault-place truncate muted small">{tellPlace(store.get(), one)}</span>
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
function tellPlace(state: EditorState, { nodeId, edgeId, field }: PlacedIssue): string {
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
