import type { StoredDraft, Workflow } from '../api/types'
import { readFields } from '../graph/yaml'
import type { KeptDraft } from './state'

/** The draft as it can be edited; undefined where it is no workflow at all, as only the API can have stored it. */
export function readStored(draft: StoredDraft, saved: Workflow): KeptDraft | undefined {
  const read = readFields(draft.entity, saved)
  if ('faults' in read) return undefined
  const { version, baseRevision, savedAt, savedBy } = draft
  return { workflow: read.workflow, version, baseRevision, savedAt, savedBy }
}
