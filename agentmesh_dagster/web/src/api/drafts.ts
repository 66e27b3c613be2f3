/** Drafts: what is being written beside the published revision of a workflow, an agent or a tool. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { listAll } from './catalogue'
import type { EntityOf } from './catalogue'
import { del, get, path, post, put } from './client'
import { keys } from './keys'
import { Problem } from './problem'
import type { ListedDraft, Page, StoredDraft } from './types'

export type DraftedKind = 'workflows' | 'agents' | 'tools'

/** The last 200 drafts of a project, or of all. */
export function useDrafts(projectId?: string) {
  return useQuery({
    queryKey: keys.drafts({ projectId }),
    queryFn: ({ signal }) => get<Page<ListedDraft>>('drafts', { projectId, limit: 200 }, signal),
  })
}

/** The draft of an entity; null where there is none. */
export function useStoredDraft(kind: DraftedKind, id: string | undefined) {
  return useQuery({
    queryKey: keys.draft(kind, id ?? ''),
    queryFn: ({ signal }) => readDraft(kind, id ?? '', signal),
    enabled: id !== undefined,
    refetchOnWindowFocus: false,
  })
}

/** Looked for in the list first: most things have none, and a browser calls each 404 an error. */
export async function readDraft(
  kind: DraftedKind,
  id: string,
  signal?: AbortSignal,
): Promise<StoredDraft | null> {
  const drafts = await listAll<ListedDraft>('drafts', {}, signal)
  if (!drafts.some((draft) => `${draft.kind}s` === kind && draft.id === id)) return null
  try {
    return await get<StoredDraft>(path`${kind}/${id}/draft`, {}, signal)
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null
    throw error
  }
}

interface NewDraft {
  entity: object
  /** The published revision that the author began with; none: there is none. */
  baseRevision?: number
  /** Of the draft that was seen; 0: none. Another one there now is Problem 409. */
  version: number
}

export interface DraftCalls {
  save: (id: string, draft: NewDraft) => Promise<StoredDraft>
  /** Problem 409: somebody published meanwhile, or saved the draft; 422: it has issues. */
  publish: <Kind extends DraftedKind>(
    kind: Kind,
    id: string,
    version: number,
    message: string,
  ) => Promise<EntityOf[Kind]>
  discard: (id: string, version: number) => Promise<void>
}

/** Saves, publishes and discards drafts, and keeps lists true. */
export function useDraftCalls(kind: DraftedKind): DraftCalls {
  const client = useQueryClient()
  const changed = useCallback(
    (id: string, draft: StoredDraft | null) => {
      void client.invalidateQueries({ queryKey: keys.allDraftLists })
      void client.invalidateQueries({ queryKey: [kind, 'list'] })
      // Not read again before the next page asks: what publishes it right behind this save would end it meanwhile.
      client.setQueryData(keys.draft(kind, id), draft, { updatedAt: 0 })
    },
    [client, kind],
  )
  return {
    save: async (id, draft) => {
      const stored = await put<StoredDraft>(path`${kind}/${id}/draft`, draft)
      changed(id, stored)
      return stored
    },
    publish: async (of, id, version, message) => {
      const body = { version, ...(message.trim() === '' ? {} : { message: message.trim() }) }
      const saved = await post<EntityOf[typeof of]>(path`${of}/${id}/draft/publish`, body)
      changed(id, null)
      client.setQueryData(keys.entity(of, id), saved)
      void client.invalidateQueries({ queryKey: [of, 'revisions', id] })
      return saved
    },
    discard: async (id, version) => {
      await del(path`${kind}/${id}/draft`, { query: { version } })
      changed(id, null)
    },
  }
}
