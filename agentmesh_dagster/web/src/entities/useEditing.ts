import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useLocation } from 'wouter'
import { useCreate, useSave } from '../api/catalogue'
import type { EntityOf } from '../api/catalogue'
import { etagOf, get, path, putEtag } from '../api/client'
import { keys } from '../api/keys'
import { Problem, describeError } from '../api/problem'
import { useToast } from '../app/toasts'
import { useLocalCopy } from '../app/useLocalCopy'
import { useLeaveGuard } from '../app/useLeaveGuard'
import { useSaveKey } from '../app/useSaveKey'
import { slug } from '../app/slug'
import { useDraft } from './useDraft'

type Kind = 'agents' | 'tools'

/** Editing an agent or a tool: the draft, saving it, and what stood in the way. */
export function useEditing<K extends Kind>(
  kind: K,
  read: EntityOf[K],
  isNew: boolean,
  addressOf: (id: string) => string,
) {
  const draft = useDraft<EntityOf[K]>(read)
  const create = useCreate(kind)
  const save = useSave(kind)
  const client = useQueryClient()
  const say = useToast()
  const [, navigate] = useLocation()
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set()) // fields whose text is no JSON just now
  const error = create.error ?? save.error
  const isBusy = create.isPending || save.isPending
  const name = `${kind} ${isNew ? `new in ${read.projectId}` : read.id}`
  const { offer, settle, keep } = useLocalCopy<EntityOf[K]>(name)
  const isUnsaved = draft.hasChanges && !(isNew && create.isSuccess)
  const { value, base } = draft
  useEffect(
    () => keep(isUnsaved ? { value, saved: base, etag: etagOf(base) } : undefined),
    [keep, isUnsaved, value, base],
  )
  useLeaveGuard(draft.hasChanges && !isBusy && !(isNew && create.isSuccess))

  const submit = (against = draft.base) => {
    if (broken.size > 0 || isBusy) return
    if (isNew) {
      const id = draft.value.id.trim() || slug(draft.value.name) || undefined
      create.mutate({ ...draft.value, id } as Partial<EntityOf[K]>, {
        onSuccess: (made) => {
          say({ text: `${made.name} is there.` })
          navigate(addressOf(made.id), { replace: true })
        },
      })
      return
    }
    save.mutate(
      { entity: draft.value, base: against },
      {
        onSuccess: (saved) => {
          draft.begin(saved)
          say({ text: 'Saved.' })
        },
      },
    )
  }
  useSaveKey(() => {
    if (draft.hasChanges) submit()
  })

  /** What somebody else saved meanwhile. */
  const readTheirs = () => get<EntityOf[K]>(path`${kind}/${draft.base.id}`)
  const take = (next: Promise<EntityOf[K]>, then: (theirs: EntityOf[K]) => void) =>
    void next.then(then, (fault: unknown) => say({ text: describeError(fault), kind: 'bad' }))

  return {
    draft,
    /** Edits of an earlier visit that were never saved. */
    unsaved: offer && {
      ...offer,
      restore: () => {
        putEtag(offer.saved, offer.etag)
        draft.restore(offer.value, offer.saved)
        settle()
      },
      discard: settle,
    },
    isBusy,
    error,
    isStale:
      error instanceof Problem && error.status === 409 && !isNew && error.body['revision'] !== undefined,
    canSave: draft.hasChanges && broken.size === 0 && draft.value.name.trim() !== '',
    submit: () => submit(),
    saveOver: () => take(readTheirs(), submit),
    takeTheirs: () =>
      take(readTheirs(), (theirs) => {
        client.setQueryData(keys.entity(kind, theirs.id), theirs)
        save.reset()
        draft.begin(theirs)
      }),
    discard: () => {
      save.reset()
      draft.begin(draft.base)
    },
    faultOf: (field: string) => findFault(error, field),
    onFault: (field: string) => (hasFault: boolean) => setBroken((before) => mark(before, field, hasFault)),
  }
}

function findFault(error: unknown, field: string): string | undefined {
  return error instanceof Problem
    ? error.issues.find(({ path: place }) => place === `$.${field}`)?.message
    : undefined
}

function mark(broken: ReadonlySet<string>, field: string, hasFault: boolean): ReadonlySet<string> {
  if (broken.has(field) === hasFault) return broken
  const marked = new Set(broken)
  if (hasFault) marked.add(field)
  else marked.delete(field)
  return marked
}
