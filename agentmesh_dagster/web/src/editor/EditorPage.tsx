import { useState } from 'react'
import { useEntity } from '../api/catalogue'
import type { Workflow } from '../api/types'
import { NEW } from '../app/addresses'
import { useFilters } from '../app/place'
import { FIRST_GRAPH } from '../graph/edits'
import { Fault, Loading } from '../ui/states'
import { Editor } from './Editor'

const DEFAULT_PROJECT = 'default'

/** The editor of a workflow; `new` makes one in the project that the address names. */
export default function EditorPage({ id }: { id: string }) {
  const [filters] = useFilters()
  const isNew = id === NEW && filters['id'] === undefined
  return isNew ? <NewWorkflow projectId={filters['project'] ?? DEFAULT_PROJECT} /> : <SavedWorkflow id={id} />
}

function NewWorkflow({ projectId }: { projectId: string }) {
  const [workflow] = useState<Workflow>(() => ({
    id: '',
    name: '',
    projectId,
    graph: FIRST_GRAPH,
    triggers: [],
  }))
  return <Editor workflow={workflow} newest={workflow} />
}

/** Begins with what the server has now: an edit of something older could not be saved. */
function SavedWorkflow({ id }: { id: string }) {
  const query = useEntity('workflows', id)
  const [first, setFirst] = useState<Workflow>()
  if (!first && query.data && !query.isFetching) setFirst(query.data)
  if (first) return <Editor workflow={first} newest={query.data ?? first} />
  return (
    <div className="page">
      {query.error && !query.isFetching ? (
        <Fault error={query.error} onRetry={query.refetch} />
      ) : (
        <Loading what="Loading the workflow" />
      )}
    </div>
  )
}
