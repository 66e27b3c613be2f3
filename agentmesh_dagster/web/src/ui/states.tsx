/** What stands where content will stand, or cannot: each says what to do. */
import type { ReactNode } from 'react'
import { Problem, describeError } from '../api/problem'
import { Icon } from './icons'
import { Message } from './Message'
import './states.css'

/** Grey lines of about the size of what is coming. Shows after a moment, so that quick answers do not flicker. */
export function Loading({ rows = 5, what = 'Loading' }: { rows?: number; what?: string }) {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{what} …</span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} className="loading-row" aria-hidden="true" />
      ))}
    </div>
  )
}

/** Nothing there yet. `children` says what it is for, `action` how to get the first. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="empty card">
      <h2>{title}</h2>
      {children && <p className="muted">{children}</p>}
      {action && <div className="row row-wrap">{action}</div>}
    </div>
  )
}

/** What went wrong and how to go on. */
export function Fault({ error, onRetry }: { error: unknown; onRetry?: () => unknown }) {
  const isGone = error instanceof Problem && error.status === 404
  const mayNot = error instanceof Problem && error.status === 403
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="warning" />
      <div className="stack grow">
        <strong>{isGone ? 'Not found' : mayNot ? 'You may not see this' : 'This did not work'}</strong>
        <span>
          <Message text={describeError(error)} />
        </span>
        {mayNot && <span className="muted">Ask an administrator for a role that may.</span>}
        {onRetry && !isGone && !mayNot && (
          <div>
            <button type="button" className="button" onClick={() => void onRetry()}>
              Try again
            </button>
          </div>
        )}
      </div>
    </div>
  )
}

interface QueryLike<Data> {
  data: Data | undefined
  error: unknown
  isPending: boolean
  refetch: () => unknown
}

/** Loading, fault or content of a query. What is there stays while it is fetched anew. */
export function Loaded<Data>({
  query,
  rows,
  children,
}: {
  query: QueryLike<Data>
  rows?: number
  children: (data: Data) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.isPending) return <Loading rows={rows} />
  return <Fault error={query.error} onRetry={query.refetch} />
}
