import { useCallback, useState } from 'react'
import { useLocation } from 'wouter'
import { useCreate, useSave, validateWorkflow } from '../api/catalogue'
import { get, path } from '../api/client'
import { readDraft, useDraftCalls } from '../api/drafts'
import { Problem, describeError } from '../api/problem'
import type { Issue, Workflow } from '../api/types'
import { addresses } from '../app/addresses'
import { useToast } from '../app/toasts'
import { slug } from '../app/slug'
import { contentOf } from '../graph/compare'
import { isWarning, placeIssues } from '../graph/issues'
import { readStored } from './readStored'
import { askForName, markSaved, markStored, workflowOf } from './state'
import type { EditorState, KeptDraft } from './state'
import type { EditorStore } from './store'
import { withoutEmptyId } from './useValidation'

/** Somebody saved a newer revision, or another draft: who, when, and what is there now. */
export interface Conflict {
  theirs: Workflow
  /** Theirs is a draft of this version, no revision. */
  draftVersion?: number
  savedBy?: string
  savedAt?: string
}

/** Why the workflow was not saved. */
export interface Refusal {
  text: string
  workflow: Workflow
}

export interface Saving {
  /** Publishes what is on the canvas as a new revision. Gives it; undefined when it was refused, and then it is said why.
   *  `over` is what it is to replace. */
  publish: (message?: string, over?: Conflict) => Promise<Workflow | undefined>
  /** Keeps what is on the canvas as a draft, whatever issues it has. */
  saveDraft: (over?: Conflict) => Promise<void>
  /** Publishes where nothing keeps from it, and else saves a draft: nothing is lost. */
  save: () => Promise<void>
  isSaving: boolean
  refusal: Refusal | undefined
  conflict: Conflict | undefined
  dropConflict: () => void
  /** Looks at what somebody else has saved, before it is in the way. */
  showTheirs: () => Promise<void>
}

/** Saving, and what keeps from it. `showIssues` brings the list of issues up. */
export function useSaving(store: EditorStore, showIssues: () => void): Saving {
  const write = useWriting()
  const say = useToast()
  const [, navigate] = useLocation()
  const [isSaving, setSaving] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  const [conflict, setConflict] = useState<Conflict>()

  const refuse = (text: string, workflow: Workflow, issues: readonly Issue[] = []) => {
    store.change(askForName)
    if (issues.length > 0) store.change((state) => ({ ...state, issues: placeIssues(issues, workflow) }))
    showIssues()
    setRefusal({ text, workflow })
  }
  const goTo = (id: string, isNew: boolean) => {
    if (isNew) navigate(addresses.workflow(id), { replace: true })
  }
  const keep = async (over?: Conflict): Promise<KeptDraft> => {
    const state = store.get()
    const stored = await write.draft(state, over)
    store.change((before) => markStored(before, stored))
    setConflict(undefined)
    return stored
  }
  const attemptDraft = async (over?: Conflict) => {
    const isNew = isUnknown(store.get())
    if (store.get().textFaults.size > 0) return refuse('a text is not complete', workflowOf(store.get()))
    const stored = await keep(over)
    say({ text: 'Saved as a draft. What is published goes on as it is.' })
    goTo(stored.workflow.id, isNew)
  }
  const attempt = async (message: string, over?: Conflict): Promise<Workflow | undefined> => {
    const state = store.get()
    const sent = workflowOf(state)
    if (state.textFaults.size > 0) return void refuse('a text is not complete', sent)
    const { issues } = await validateWorkflow(withoutEmptyId(sent))
    if (countErrors(issues) > 0) return void refuse(describeIssues(issues), sent, issues)
    const isNew = isUnknown(state)
    const saved =
      state.stored || message.trim() !== ''
        ? await write.publish(await keep(over), message)
        : await write.revision(sent, over?.theirs ?? state.saved)
    store.change((before) => markSaved(before, sent, saved))
    setConflict(undefined)
    say({ text: `Published as revision ${saved.revision}.` })
    goTo(saved.id, isNew)
    return saved
  }
  const explain = async (error: unknown) => {
    const workflow = workflowOf(store.get())
    if (!(error instanceof Problem)) throw error
    if (error.status === 409 && error.body['version'] !== undefined)
      return setConflict(await readDraftConflict(error, store.get()))
    if (error.status === 409 && store.get().saved.revision === undefined) {
      return refuse('the id is taken', workflow, [
        { code: 'taken-id', path: '$.id', message: 'There is a workflow with this id.' },
      ])
    }
    if (error.status === 409 && error.body['revision'] !== undefined)
      setConflict(await readConflict(error, workflow.id))
    else if (error.issues.length > 0) refuse(describeIssues(error.issues), workflow, error.issues)
    else say({ text: `Not saved: ${describeError(error)}`, kind: 'bad' })
  }
  const guarded = async <Result>(act: () => Promise<Result>): Promise<Result | undefined> => {
    if (isSaving) return undefined
    setSaving(true)
    setRefusal(undefined)
    try {
      return await act()
    } catch (error) {
      return void (await explain(error))
    } finally {
      setSaving(false)
    }
  }
  return {
    publish: (message = '', over) => guarded(() => attempt(message, over)),
    saveDraft: (over) => guarded(() => attemptDraft(over)).then(() => undefined),
    save: () =>
      guarded(async () => {
        const { issues } = await validateWorkflow(withoutEmptyId(workflowOf(store.get())))
        if (countErrors(issues) > 0) await attemptDraft()
        else await attempt('')
      }).then(() => undefined),
    isSaving,
    refusal,
    conflict,
    dropConflict: useCallback(() => setConflict(undefined), []),
    showTheirs: async () =>
      setConflict({ theirs: await get<Workflow>(path`workflows/${store.get().saved.id}`) }),
  }
}

/** Nothing of it is at the server yet. */
function isUnknown({ saved, stored }: EditorState): boolean {
  return saved.revision === undefined && stored === undefined
}

/** Makes the workflow, saves the one that there is, or keeps a draft. */
function useWriting() {
  const create = useCreate('workflows')
  const update = useSave('workflows')
  const drafts = useDraftCalls('workflows')
  const createAs = async (sent: Workflow, ids: readonly string[]): Promise<Workflow> => {
    const [id, ...others] = ids
    try {
      return await create.mutateAsync({ ...withoutEmptyId(sent), ...(id ? { id } : {}) })
    } catch (error) {
      const isTaken = error instanceof Problem && error.status === 409
      if (!isTaken || others.length === 0) throw error
      return createAs(sent, others)
    }
  }
  /** A draft under the first id that nobody has: neither published nor as a draft. */
  const draftAs = async (sent: Workflow, ids: readonly string[]): Promise<KeptDraft> => {
    const [id = '', ...others] = ids
    try {
      const draft = await drafts.save(id, { entity: contentOf({ ...sent, id }), version: 0 })
      const stored = readStored(draft, sent)
      if (draft.publishedRevision === undefined && stored) return stored
      await drafts.discard(id, draft.version)
      throw new Problem(409, 'Taken', `There is a workflow with the id \`${id}\`.`)
    } catch (error) {
      const isTaken = error instanceof Problem && error.status === 409
      if (!isTaken || others.length === 0) throw error
      return draftAs(sent, others)
    }
  }
  return {
    revision: (sent: Workflow, base: Workflow) =>
      base.revision === undefined
        ? createAs(sent, listIds(sent))
        : update.mutateAsync({ entity: { ...sent, revision: base.revision }, base }),
    draft: async (state: EditorState, over?: Conflict): Promise<KeptDraft> => {
      const sent = workflowOf(state)
      if (isUnknown(state)) return draftAs(sent, listDraftIds(sent))
      const baseRevision = over && over.draftVersion === undefined ? over.theirs.revision : baseOf(state)
      const draft = await drafts.save(state.saved.id || sent.id, {
        entity: contentOf(sent),
        version: over?.draftVersion ?? state.stored?.version ?? 0,
        ...(baseRevision === undefined ? {} : { baseRevision }),
      })
      return { ...(readStored(draft, state.saved) ?? { ...draft, workflow: sent }), workflow: sent }
    },
    publish: (draft: KeptDraft, message: string) =>
      drafts.publish('workflows', draft.workflow.id, draft.version, message),
  }
}

function baseOf({ saved, stored }: EditorState): number | undefined {
  return stored ? stored.baseRevision : saved.revision
}

/** Ids to try for a new workflow: the author's, else some made from its name; with '' the server gives one. */
function listIds({ id, name }: Workflow): string[] {
  const stem = slug(name)
  if (id !== '' || stem === '') return [id]
  return [stem, `${stem}_2`, `${stem}_3`, '']
}

/** The same for a draft, whose id the server does not give; it may have no name yet. */
function listDraftIds(workflow: Workflow): string[] {
  const ids = listIds(workflow).filter((id) => id !== '')
  return workflow.id === ''
    ? [...ids, `${slug(workflow.name) || 'workflow'}_${crypto.randomUUID().slice(0, 8)}`]
    : ids
}

async function readConflict({ body }: Problem, id: string): Promise<Conflict> {
  return { theirs: await get<Workflow>(path`workflows/${id}`), ...readAuthor(body) }
}

async function readDraftConflict({ body }: Problem, state: EditorState): Promise<Conflict> {
  const draft = await readDraft('workflows', state.saved.id)
  const theirs = draft && readStored(draft, state.saved)
  return { theirs: theirs?.workflow ?? state.saved, draftVersion: draft?.version ?? 0, ...readAuthor(body) }
}

function readAuthor({ savedBy, savedAt }: Problem['body']): Pick<Conflict, 'savedBy' | 'savedAt'> {
  return {
    ...(typeof savedBy === 'string' ? { savedBy } : {}),
    ...(typeof savedAt === 'string' ? { savedAt } : {}),
  }
}

function countErrors(issues: readonly Issue[]): number {
  return issues.filter((issue) => !isWarning({ issue, field: '' })).length
}

function describeIssues(issues: readonly Issue[]): string {
  const count = countErrors(issues)
  return count === 1 ? 'fix 1 issue to publish' : `fix ${count} issues to publish`
}
