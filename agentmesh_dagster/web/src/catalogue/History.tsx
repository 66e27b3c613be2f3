import { useState } from 'react'
import { useRestore, useRevision, useRevisions } from '../api/catalogue'
import { describeError } from '../api/problem'
import { useMay } from '../api/session'
import type { Json, Revision } from '../api/types'
import { useToast } from '../app/toasts'
import { Dialog } from '../ui/Dialog'
import { JsonView } from '../ui/JsonView'
import { Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { Time } from '../ui/Time'
import './History.css'

interface Props {
  kind: 'agents' | 'tools'
  id: string
  /** After a restore, with what is there now. */
  onRestored: () => void
}

/** The revisions of an agent or a tool: look at each, restore one. */
export function History({ kind, id, onRestored }: Props) {
  const revisions = useRevisions(kind, id)
  const [chosen, setChosen] = useState<Revision>()
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
                    {revision.deleted ? 'deleted' : at === 0 ? 'current' : ''} {revision.note}
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
        <RevisionDialog
          kind={kind}
          id={id}
          revision={chosen}
          onClose={() => setChosen(undefined)}
          onRestored={() => {
            setChosen(undefined)
            onRestored()
          }}
        />
      )}
    </section>
  )
}

function RevisionDialog(props: Props & { revision: Revision; onClose: () => void }) {
  const { kind, id, revision, onClose, onRestored } = props
  const query = useRevision(kind, id, revision.deleted ? undefined : revision.revision)
  const restore = useRestore(kind, id)
  const mayEdit = useMay('edit')
  const say = useToast()
  const onRestore = () =>
    restore.mutate(revision.revision, {
      onSuccess: () => {
        say({ text: `Revision ${revision.revision} is restored as a new one.` })
        onRestored()
      },
      onError: (error) => say({ text: describeError(error), kind: 'bad' }),
    })
  return (
    <Dialog
      title={`${revision.name}, revision ${revision.revision}`}
      onClose={onClose}
      actions={
        mayEdit && (
          <button
            type="button"
            className="button button-primary"
            disabled={revision.deleted || restore.isPending}
            onClick={onRestore}
          >
            Restore
          </button>
        )
      }
    >
      {revision.deleted ? (
        <p>With this revision it was deleted.</p>
      ) : (
        <Loaded query={query}>
          {(entity) => <JsonView value={entity as unknown as Json} label={`Revision ${revision.revision}`} />}
        </Loaded>
      )}
    </Dialog>
  )
}
