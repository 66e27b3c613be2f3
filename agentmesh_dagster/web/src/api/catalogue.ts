/** Projects, agents, tools and workflows: what is kept in revisions. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { del, etagOf, get, path, post, put } from './client'
import type { Query } from './client'
import { keys } from './keys'
import type {
  Agent,
  AgentReply,
  CatalogueKind,
  Declared,
  Issue,
  Json,
  JsonSchema,
  ListedAsset,
  ListedWorkflow,
  Loop,
  ModelUse,
  NodeSchemas,
  Page,
  Project,
  ProjectOverview,
  RegisteredFunction,
  Repeats,
  Revision,
  Tool,
  TriggerHistory,
  Use,
  Workflow,
  WorkflowJob,
  WorkflowSchemas,
} from './types'

export interface EntityOf {
  projects: Project
  agents: Agent
  tools: Tool
  workflows: Workflow
}

/** As lists have them. */
export interface ListedOf extends Omit<EntityOf, 'workflows'> {
  workflows: ListedWorkflow
}

const LARGEST_PAGE = 200
const JOB_EVERY_MS = 15_000

export function useEntity<Kind extends CatalogueKind>(kind: Kind, id: string | undefined) {
  return useQuery({
    queryKey: keys.entity(kind, id ?? ''),
    queryFn: ({ signal }) => get<EntityOf[Kind]>(path`${kind}/${id ?? ''}`, {}, signal),
    enabled: id !== undefined,
    structuralSharing: false, // a copy would lose its ETag
  })
}

/** One page after the other, for lists that people look through. */
export function useEntities<Kind extends CatalogueKind>(kind: Kind, query: Query = {}) {
  return useInfiniteQuery({
    queryKey: keys.list(kind, query),
    queryFn: ({ pageParam, signal }) =>
      get<Page<ListedOf[Kind]>>(kind, { ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
  })
}

/** All entities of a kind, for choosing one and for showing names. */
export function useEveryEntity<Kind extends CatalogueKind>(kind: Kind, query: Query = {}) {
  return useQuery({
    queryKey: [...keys.list(kind, query), 'all'],
    queryFn: ({ signal }) => listAll<EntityOf[Kind]>(kind, query, signal),
    staleTime: 30_000,
  })
}

/** A function that gives the name of an entity, or its id while the name is not known. */
export function useNameOf(kind: CatalogueKind): (id: string) => string {
  const { data } = useEveryEntity(kind)
  return useMemo(() => {
    const names = new Map(data?.map((entity) => [entity.id, entity.name]))
    return (id) => names.get(id) ?? id
  }, [data])
}

/** All items of a list, page by page. */
export async function listAll<Item>(where: string, query: Query, signal?: AbortSignal): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | undefined
  do {
    // Each page names the next one.
    // oxlint-disable-next-line no-await-in-loop
    const page: Page<Item> = await get(where, { ...query, cursor, limit: LARGEST_PAGE }, signal)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor)
  return items
}

export function useOverview(refetchInterval: number | false = false) {
  return useQuery({
    queryKey: keys.overview,
    queryFn: ({ signal }) => get<Page<ProjectOverview>>('overview', { limit: LARGEST_PAGE }, signal),
    refetchInterval,
  })
}

/** What a project's models were asked for, by day, the newest first. */
export function useModelUse(projectId: string) {
  return useQuery({
    queryKey: keys.modelUse(projectId),
    queryFn: ({ signal }) => get<Page<ModelUse>>('usage', { projectId, limit: 30 }, signal),
  })
}

export function useUses(kind: 'agents' | 'tools', id: string) {
  return useQuery({
    queryKey: keys.uses(kind, id),
    queryFn: ({ signal }) => get<Page<Use>>(path`${kind}/${id}/uses`, {}, signal),
  })
}

/** The Dagster job of a workflow that is published, and why a code location goes without it. */
export function useWorkflowJob(id: string, revision: number | undefined) {
  return useQuery({
    queryKey: [...keys.job(id), revision],
    queryFn: ({ signal }) => get<WorkflowJob>(path`workflows/${id}/job`, {}, signal),
    enabled: revision !== undefined,
    refetchInterval: JOB_EVERY_MS, // a code location looks at a new revision after some seconds
  })
}

/** What came of the last times and events of a published workflow's triggers. */
export function useTriggerHistory(id: string, revision: number | undefined) {
  return useQuery({
    queryKey: [...keys.triggerHistory(id), revision],
    queryFn: ({ signal }) => get<Page<TriggerHistory>>(path`workflows/${id}/triggers`, { limit: 10 }, signal),
    enabled: revision !== undefined,
    refetchInterval: JOB_EVERY_MS,
  })
}

export function useFunctions() {
  return useQuery({
    queryKey: keys.functions,
    queryFn: ({ signal }) => get<Page<RegisteredFunction>>('functions', {}, signal),
  })
}

/** The names that the operator's file declares. */
export function useDeclared() {
  return useQuery({
    queryKey: keys.declared,
    queryFn: ({ signal }) => get<Declared>('declared', {}, signal),
  })
}

/** The assets of the code locations. */
export function useAssets() {
  return useQuery({
    queryKey: keys.assets,
    queryFn: ({ signal }) => get<Page<ListedAsset>>('assets', {}, signal),
  })
}

export function useRevisions(kind: CatalogueKind, id: string, isWanted = true) {
  return useInfiniteQuery({
    queryKey: keys.revisions(kind, id),
    queryFn: ({ pageParam, signal }) =>
      get<Page<Revision>>(path`${kind}/${id}/revisions`, { cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    enabled: isWanted,
  })
}

export function useRevision<Kind extends CatalogueKind>(
  kind: Kind,
  id: string,
  revision: number | undefined,
) {
  return useQuery({
    queryKey: keys.revision(kind, id, revision ?? 0),
    queryFn: ({ signal }) => get<EntityOf[Kind]>(path`${kind}/${id}/revisions/${revision ?? 0}`, {}, signal),
    enabled: revision !== undefined,
    staleTime: Infinity, // a revision never changes
  })
}

export function useCreate<Kind extends CatalogueKind>(kind: Kind) {
  const keep = useKeepSaved(kind)
  return useMutation({
    mutationFn: (entity: Partial<EntityOf[Kind]>) => post<EntityOf[Kind]>(kind, entity),
    onSuccess: keep,
  })
}

/** Saves an entity that exists; `base` is what was read before the edit. If there is a newer one: Problem 409. */
export function useSave<Kind extends CatalogueKind>(kind: Kind) {
  const keep = useKeepSaved(kind)
  return useMutation({
    mutationFn: ({ entity, base }: { entity: EntityOf[Kind]; base: EntityOf[Kind] }) => {
      const etag = etagOf(base)
      return put<EntityOf[Kind]>(path`${kind}/${entity.id}`, entity, {
        headers: etag ? { 'If-Match': etag } : {},
      })
    },
    onSuccess: keep,
  })
}

export function useDelete(kind: CatalogueKind) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => del(path`${kind}/${id}`),
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: keys.entity(kind, id) })
      void client.invalidateQueries({ queryKey: [kind, 'list'] })
      void client.invalidateQueries({ queryKey: keys.overview })
    },
  })
}

export function useRestore<Kind extends CatalogueKind>(kind: Kind, id: string) {
  const keep = useKeepSaved(kind)
  return useMutation({
    mutationFn: (revision: number) => post<EntityOf[Kind]>(path`${kind}/${id}/revisions/${revision}/restore`),
    onSuccess: keep,
  })
}

/** What the server's rules say of a workflow as it is being edited, and its loops; nothing is saved. */
export async function validateWorkflow(
  workflow: Workflow,
  signal?: AbortSignal,
): Promise<{ issues: Issue[]; loops: readonly Loop[] }> {
  const { issues, repeats } = await post<Validation>('workflows/validate', workflow, { signal })
  return { issues, loops: repeats[0]?.loops ?? [] }
}

interface Validation {
  issues: Issue[]
  /** Of the workflow, where it could be read. */
  repeats: Repeats[]
}

const KEPT_MS = 30_000
let edits = 0
const numbers = new WeakMap<Workflow, number>()

/** What is known of the values at one node of a workflow as it is being edited; meanwhile what was known before. */
export function useNodeSchemas(workflow: Workflow | undefined, nodeId: string): NodeSchemas | undefined {
  return useSchemas(workflow, nodeId)?.nodes[nodeId]
}

/** What the checks of a workflow's asset may name, as it is being edited; asked together with a node's. */
export function useCheckContext(workflow: Workflow | undefined, nodeId: string): JsonSchema | undefined {
  return useSchemas(workflow, nodeId)?.checkContext
}

function useSchemas(workflow: Workflow | undefined, nodeId: string): WorkflowSchemas | undefined {
  const isThere = workflow?.graph.nodes.some(({ id }) => id === nodeId) ?? false
  const { data } = useQuery({
    queryKey: keys.schemas(nodeId, workflow ? numberOf(workflow) : 0),
    queryFn: ({ signal }) =>
      post<WorkflowSchemas>('workflows/schemas', workflow, { query: { nodeId }, signal }),
    enabled: isThere,
    placeholderData: (before, query) => (query?.queryKey[2] === nodeId ? before : undefined),
    staleTime: KEPT_MS,
  })
  return data
}

function numberOf(workflow: Workflow): number {
  const number = numbers.get(workflow) ?? (edits += 1)
  numbers.set(workflow, number)
  return number
}

export function useTryAgent(id: string) {
  return useMutation({
    mutationFn: (body: { prompt?: string; input?: Json }) => post<AgentReply>(path`agents/${id}/try`, body),
  })
}

export function useTryTool(id: string) {
  return useMutation({
    mutationFn: (input: Json) => post<{ output: Json }>(path`tools/${id}/try`, { input }),
  })
}

function useKeepSaved<Kind extends CatalogueKind>(kind: Kind) {
  const client = useQueryClient()
  return (saved: EntityOf[Kind]) => {
    client.setQueryData(keys.entity(kind, saved.id), saved)
    void client.invalidateQueries({ queryKey: [kind, 'list'] })
    void client.invalidateQueries({ queryKey: [kind, 'revisions', saved.id] })
    void client.invalidateQueries({ queryKey: keys.overview })
  }
}
