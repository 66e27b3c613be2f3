import { Link } from 'wouter'
import { useDrafts } from '../api/drafts'
import type { ListedDraft } from '../api/types'
import { addresses } from '../app/addresses'
import { Icon } from '../ui/icons'
import { Time } from '../ui/Time'

const ADDRESSES: Readonly<Record<string, (id: string) => string>> = {
  workflow: addresses.workflow,
  agent: addresses.agent,
  tool: addresses.tool,
}

/** Drafts of what was never published: no list of entities has them. */
export function DraftList({ kind, projectId }: { kind: ListedDraft['kind']; projectId?: string }) {
  const { data } = useDrafts(projectId)
  const drafts = data?.items.filter((draft) => draft.kind === kind && draft.publishedRevision === undefined)
  if (!drafts || drafts.length === 0) return null
  return (
    <section className="card stack" aria-label="Drafts, never published">
      <h3>Drafts, never published</h3>
      <ul className="plain">
        {drafts.map((draft) => (
          <li key={draft.id} className="row row-wrap">
            <Icon name="edit" size={14} />
            <Link href={ADDRESSES[kind]?.(draft.id) ?? addresses.projects} dir="auto">
              {draft.name || draft.id}
            </Link>
            <span className="muted small">
              {draft.savedBy}, <Time at={draft.savedAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Marks something published that has a draft beside it. */
export function DraftChip({ draft }: { draft: ListedDraft | undefined }) {
  return (
    <span className="chip" title={draft && `Saved by ${draft.savedBy}`}>
      <Icon name="edit" size={12} />
      Draft
    </span>
  )
}
