import { useState } from 'react'
import { useEntity } from '../api/catalogue'
import { useStoredDraft } from '../api/drafts'
import type { StoredDraft, Workflow } from '../api/types'
import { NEW } from '../app/addresses'
import { useFilters } from '../app/place'
import { firstGraph } from '../graph/edits'
import { Fault, Loading } from '../ui/states'
import { Editor } from './Editor'
import { readStored } from './readStored'

const DEFAULT_PROJECT = 'default'

/** The editor of a workflow; `new` makes one in the project that the address names. */
export default function EditorPage({ id }: { id: string }) {
  const [filters] = useFilters()
  const isNew = id === NEW && filters['id'] === undefined
  return isNew ? <NewWorkflow projectId={filters['project'] ?? DEFAULT_PROJECT} /> : <SavedWorkflow id={id} />
}

function NewWorkflow({ projectId }: { projectId: string }) {
  const [workflow] = useState(() => emptyWorkflow('', projectId))
  return <Editor workflow={workflow} newest={workflow} />
}

/** Begins with what the server has now: an edit of something older could not be saved. */
function SavedWorkflow({ id }: { id: string }) {
  const draft = useStoredDraft('workflows', id)
  const unpublished = draft.data?.publishedRevision === undefined ? draft.data : undefined
  const query = useEntity('workflows', draft.isPending || unpublished ? undefined : id)
  const [first, setFirst] = useState<{ workflow: Workflow; stored: StoredDraft | null }>()
  const workflow = unpublished ? emptyWorkflow(id, projectOf(unpublished)) : query.data
  if (!first && workflow && draft.data !== undefined && !query.isFetching && !draft.isFetching)
    setFirst({ workflow, stored: draft.data })
  if (first) {
    const stored = first.stored ? readStored(first.stored, first.workflow) : undefined
    return <Editor workflow={first.workflow} stored={stored} newest={query.data ?? first.workflow} />
  }
  const error = query.error ?? draft.error
  return (
    <div className="page">
      {error && !query.isFetching && !draft.isFetching ? (
        <Fault error={error} onRetry={query.refetch} />
      ) : (
        <Loading what="Loading the workflow" />
      )}
    </div>
  )
}

function emptyWorkflow(id: string, projectId: string): Workflow {
  return { id, name: '', projectId, graph: firstGraph(), triggers: [] }
}

function projectOf({ entity }: StoredDraft): string {
  return typeof entity['projectId'] === 'string' ? entity['projectId'] : DEFAULT_PROJECT
}
