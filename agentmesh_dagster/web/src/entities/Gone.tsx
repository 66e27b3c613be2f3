import { Problem } from '../api/problem'
import { useRevisions } from '../api/catalogue'
import { Page } from '../app/Page'
import { Fault, Loading } from '../ui/states'
import { History } from './History'

interface Props {
  kind: 'agents' | 'tools'
  id: string
  title: string
  error: unknown
  onRetry: () => unknown
}

/** Instead of an agent or a tool that is not there: why, and its history if it was deleted. */
export function Gone({ kind, id, title, error, onRetry }: Props) {
  const isMissing = error instanceof Problem && error.status === 404
  const revisions = useRevisions(kind, id, isMissing)
  return (
    <Page title={title}>
      {!error ? <Loading /> : <Fault error={error} onRetry={onRetry} />}
      {revisions.data && (
        <>
          <p>It was deleted. What it was is kept: choose a revision to restore it.</p>
          <History kind={kind} id={id} onRestored={() => void onRetry()} />
        </>
      )}
    </Page>
  )
}
