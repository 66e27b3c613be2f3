import type { QueryKey } from '@tanstack/react-query'
import type { CatalogueKind } from './types'
import type { Query } from './client'

/** Names of what is kept in the query cache; a shorter key stands for all that start with it. */
export const keys = {
  session: ['session'] as QueryKey,
  about: ['about'] as QueryKey,
  overview: ['overview'] as QueryKey,
  modelUse: (projectId: string): QueryKey => ['usage', projectId],
  functions: ['functions'] as QueryKey,
  declared: ['declared'] as QueryKey,
  assets: ['assets'] as QueryKey,
  /** All that is known of one kind. */
  kind: (kind: CatalogueKind): QueryKey => [kind],
  list: (kind: CatalogueKind, query: Query = {}): QueryKey => [kind, 'list', query],
  entity: (kind: CatalogueKind, id: string): QueryKey => [kind, 'one', id],
  /** What is known of the values in a workflow as it is being edited; `edit` is the number of its state. */
  schemas: (nodeId: string, edit: number): QueryKey => ['workflows', 'schemas', nodeId, edit],
  triggerHistory: (workflowId: string): QueryKey => ['workflows', 'triggers', workflowId],
  allHooks: ['hooks'] as QueryKey,
  hooks: (projectId: string): QueryKey => ['hooks', projectId],
  job: (workflowId: string): QueryKey => ['workflows', 'job', workflowId],
  uses: (kind: CatalogueKind, id: string): QueryKey => [kind, 'uses', id],
  revisions: (kind: CatalogueKind, id: string): QueryKey => [kind, 'revisions', id],
  revision: (kind: CatalogueKind, id: string, revision: number): QueryKey => [
    kind,
    'revisions',
    id,
    revision,
  ],
  allDraftLists: ['drafts', 'list'] as QueryKey,
  drafts: (query: Query): QueryKey => ['drafts', 'list', query],
  draft: (kind: CatalogueKind, id: string): QueryKey => ['drafts', 'one', kind, id],
  allRuns: ['runs'] as QueryKey,
  runs: (query: Query): QueryKey => ['runs', 'list', query],
  run: (id: string): QueryKey => ['runs', 'one', id],
  steps: (runId: string): QueryKey => ['runs', 'steps', runId],
  pinned: (runId: string): QueryKey => ['runs', 'pinned', runId],
  budgets: (runId: string): QueryKey => ['runs', 'budgets', runId],
  /** A value that came cut: kept apart from what is read again whenever a run changes. */
  whole: (of: string, id: string | number, field: string): QueryKey => ['whole', of, id, field],
  allGates: ['gates'] as QueryKey,
  gates: (query: Query = {}): QueryKey => ['gates', 'list', query],
  gate: (stepId: string): QueryKey => ['gates', 'one', stepId],
}
