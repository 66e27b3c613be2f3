import { useRevision } from '../api/catalogue'
import { Problem } from '../api/problem'
import type { Agent, Tool } from '../api/types'
import { LazyEntityDiff } from '../revisions/lazy'
import { Icon } from '../ui/icons'
import { IssueList } from '../ui/IssueList'
import { Fault, Loaded } from '../ui/states'
import { Time } from '../ui/Time'

interface Props {
  error: unknown
  /** Somebody saved a newer revision meanwhile. */
  isStale: boolean
  kind: 'agents' | 'tools'
  mine: Agent | Tool
  onTakeTheirs: () => void
  onSaveOver: () => void
}

/** Why a save was refused, and the ways on. */
export function SaveFault({ error, isStale, kind, mine, onTakeTheirs, onSaveOver }: Props) {
  if (!error) return null
  if (!(error instanceof Problem && isStale)) {
    return (
      <div className="stack">
        <Fault error={error} />
        {error instanceof Problem && <IssueList issues={error.issues} />}
      </div>
    )
  }
  const { savedBy, savedAt, revision } = error.body
  return (
    <div className="notice notice-warn" role="alert">
      <Icon name="warning" />
      <div className="stack grow">
        <span>
          <strong>{typeof savedBy === 'string' ? savedBy : 'Somebody'} has saved this meanwhile</strong>
          {typeof savedAt === 'string' && (
            <>
              , <Time at={savedAt} />
            </>
          )}
          . Your changes are still here, and not saved.
        </span>
        {typeof revision === 'number' && <Both kind={kind} mine={mine} revision={revision} />}
        <div className="row row-wrap">
          <button type="button" className="button" onClick={onTakeTheirs}>
            Drop mine, show theirs
          </button>
          <button type="button" className="button" onClick={onSaveOver}>
            Save mine over theirs
          </button>
        </div>
      </div>
    </div>
  )
}

function Both({ kind, mine, revision }: { kind: Props['kind']; mine: Props['mine']; revision: number }) {
  const theirs = useRevision(kind, mine.id, revision)
  return (
    <Loaded query={theirs} rows={1}>
      {(entity) => <LazyEntityDiff before={entity} after={mine} />}
    </Loaded>
  )
}
