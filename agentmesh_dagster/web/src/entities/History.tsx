import { Suspense, useState } from 'react'
import { useRevisions } from '../api/catalogue'
import { useMay } from '../api/session'
import type { Agent, Revision, Tool } from '../api/types'
import { LazyRevisionsDialog } from '../revisions/lazy'
import { Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { Time } from '../ui/Time'
import './History.css'

interface Props {
  kind: 'agents' | 'tools'
  id: string
  /** What is being edited. */
  mine?: Agent | Tool
  /** After a restore, with what is there now. */
  onRestored: () => void
}

/** The revisions of an agent or a tool: what each changed, and restoring one. */
export function History({ kind, id, mine, onRestored }: Props) {
  const revisions = useRevisions(kind, id)
  const [chosen, setChosen] = useState<Revision>()
  const mayEdit = useMay('edit')
  return (
    <section className="card stack" aria-label="History">
      <h2>History</h2>
      <Loaded query={revisions} rows={2}>
        {({ pages }) => (
          <ul className="plain">
            {pages
              .flatMap((page) => page.items)
              .map((revision, at) => (
                <li key={revision.revision} className="history-line">
                  <button type="button" className="history-button" onClick={() => setChosen(revision)}>
                    r{revision.revision}
                  </button>
                  <span className="truncate">
                    {revision.deleted ? 'deleted' : at === 0 ? 'current' : ''} {revision.message}
                  </span>
                  <span className="muted small history-who">
                    {revision.savedBy} · <Time at={revision.savedAt} />
                  </span>
                </li>
              ))}
          </ul>
        )}
      </Loaded>
      <ShowMore list={revisions} />
      {chosen && (
        <Suspense>
          <LazyRevisionsDialog
            kind={kind}
            id={id}
            first={chosen.revision}
            mine={mine}
            mineWord="in the form"
            mayEdit={mayEdit}
            onClose={() => setChosen(undefined)}
            onRestored={onRestored}
          />
        </Suspense>
      )}
    </section>
  )
}
