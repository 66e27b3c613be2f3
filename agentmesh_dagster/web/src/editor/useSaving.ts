import { useCallback, useState } from 'react'
import { useLocation } from 'wouter'
import { useCreate, useSave, validateWorkflow } from '../api/catalogue'
import { get, path } from '../api/client'
import { Problem, describeError } from '../api/problem'
import type { Issue, Workflow } from '../api/types'
import { addresses } from '../app/addresses'
import { useToast } from '../app/toasts'
import { slug } from '../catalogue/slug'
import { isWarning, placeIssues } from '../graph/issues'
import { keepPositions } from '../graph/positions'
import { markSaved, draftOf, workflowOf } from './state'
import type { EditorStore } from './store'
import { withoutEmptyId } from './useValidation'

/** Somebody saved a newer revision: who, when, and what is there now. */
export interface Conflict {
  theirs: Workflow
  savedBy?: string
  savedAt?: string
}

/** Why the workflow was not saved. */
export interface Refusal {
  text: string
  workflow: Workflow
}

export interface Saving {
  /** Gives the saved workflow; undefined when it was refused, and then it is said why. `base` is what it is to replace. */
  save: (base?: Workflow) => Promise<Workflow | undefined>
  isSaving: boolean
  refusal: Refusal | undefined
  conflict: Conflict | undefined
  dropConflict: () => void
  /** Looks at what somebody else has saved, before it stands in the way. */
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
    if (issues.length > 0) store.change((state) => ({ ...state, issues: placeIssues(issues, workflow) }))
    showIssues()
    setRefusal({ text, workflow })
  }
  const attempt = async (base: Workflow): Promise<Workflow | undefined> => {
    const state = store.get()
    const sent = workflowOf(state)
    if (state.textFaults.size > 0) return void refuse('a text is not complete', sent)
    const issues = await validateWorkflow(withoutEmptyId(sent))
    if (countErrors(issues) > 0) return void refuse(describeIssues(issues), sent, issues)
    const saved = await write(sent, base)
    keepPositions(saved.id, draftOf(store.get()).positions)
    store.change((before) => markSaved(before, sent, saved))
    setConflict(undefined)
    say({ text: `Saved as revision ${saved.revision}.` })
    if (base.revision === undefined) navigate(addresses.workflow(saved.id), { replace: true })
    return saved
  }
  const explain = async (error: unknown) => {
    const workflow = workflowOf(store.get())
    if (!(error instanceof Problem)) throw error
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
  const save = async (base = store.get().saved): Promise<Workflow | undefined> => {
    if (isSaving) return undefined
    setSaving(true)
    setRefusal(undefined)
    try {
      return await attempt(base)
    } catch (error) {
      return void (await explain(error))
    } finally {
      setSaving(false)
    }
  }
  const showTheirs = async () =>
    setConflict({ theirs: await get<Workflow>(path`workflows/${store.get().saved.id}`) })
  const dropConflict = useCallback(() => setConflict(undefined), [])
  return { save, isSaving, refusal, conflict, dropConflict, showTheirs }
}

/** Makes the workflow, or saves the one that there is. */
function useWriting(): (sent: Workflow, base: Workflow) => Promise<Workflow> {
  const create = useCreate('workflows')
  const update = useSave('workflows')
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
  return (sent, base) =>
    base.revision === undefined
      ? createAs(sent, listIds(sent))
      : update.mutateAsync({ entity: { ...sent, revision: base.revision }, base })
}

/** Ids to try for a new workflow: the author's, else some made from its name; with '' the server gives one. */
function listIds({ id, name }: Workflow): string[] {
  const stem = slug(name)
  if (id !== '' || stem === '') return [id]
  return [stem, `${stem}_2`, `${stem}_3`, '']
}

async function readConflict({ body }: Problem, id: string): Promise<Conflict> {
  const { savedBy, savedAt } = body
  return {
    theirs: await get<Workflow>(path`workflows/${id}`),
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
