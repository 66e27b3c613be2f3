import type { Issue } from '../api/types'
import { Icon } from './icons'
import { Message } from './Message'
import './IssueList.css'

interface Props {
  issues: readonly Issue[]
  /** Makes each issue a button that leads to its place. */
  onChoose?: (issue: Issue) => void
}

/** What is wrong with a document, in the server's words: errors first. */
export function IssueList({ issues, onChoose }: Props) {
  if (issues.length === 0) return null
  const sorted = issues.toSorted((a, b) => Number(isWarning(a)) - Number(isWarning(b)))
  return (
    <ul className="issues plain">
      {sorted.map((issue, at) => (
        <li key={at} className={isWarning(issue) ? 'issue issue-warning' : 'issue'}>
          <Icon name={isWarning(issue) ? 'info' : 'warning'} size={14} />
          <div className="grow">
            <span className="visually-hidden">{isWarning(issue) ? 'Warning: ' : 'Error: '}</span>
            {onChoose ? (
              <button type="button" className="issue-button" onClick={() => onChoose(issue)}>
                <Message text={issue.message} />
              </button>
            ) : (
              <Message text={issue.message} />
            )}
            {issue.path && <div className="muted small mono">{issue.path}</div>}
          </div>
        </li>
      ))}
    </ul>
  )
}

function isWarning(issue: Issue): boolean {
  return issue.severity === 'warning'
}
