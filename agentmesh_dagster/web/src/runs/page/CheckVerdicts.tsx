import type { Run } from '../../api/types'
import { Icon } from '../../ui/icons'

/** How the checks of the asset came out, as the run ended. */
export function CheckVerdicts({ checks }: { checks: Run['checks'] }) {
  return (
    <ul className="plain stack check-verdicts">
      {checks.map(({ name, passed, severity, blocking, reason, approvedBy }) => (
        <li key={name} className="row row-wrap">
          <span className={`chip chip-${lookOf(passed, severity)}`}>
            <Icon name={passed ? 'check' : severity === 'error' ? 'cross' : 'warning'} size={13} />
            {passed ? 'Passed' : severity === 'error' ? 'Failed' : 'Warning'}
          </span>
          <span className="mono" dir="auto">
            {name}
          </span>
          {blocking && <span className="muted small">blocking</span>}
          {approvedBy && (
            <span className="muted small" dir="auto">
              approved by {approvedBy}
            </span>
          )}
          {reason && (
            <span className="small" dir="auto">
              {reason}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}

function lookOf(passed: boolean, severity: Run['checks'][number]['severity']): string {
  return passed ? 'succeeded' : severity === 'error' ? 'failed' : 'caught'
}
