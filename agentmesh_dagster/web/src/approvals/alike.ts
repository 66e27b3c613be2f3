/** Gates of one backfill, and answering many of them alike: each answer is a decision of its own. No React. */
import type { Gate, Json } from '../api/types'
import { findAnswerFaults, firstDraft, readQuestion, writeAnswer } from './answer'

/** Gates that one backfill has opened. */
export interface Backfill {
  id: string
  /** Of the gates that are listed; one, as a backfill of ours is of one asset. */
  assets: string[]
  gates: readonly Gate[]
}

const FEWEST = 2 // of one gate nothing is gained by a group

/** The backfills of which several gates are listed, and the gates that are left; each in the order in which they came. */
export function groupGates(gates: readonly Gate[]): { backfills: Backfill[]; others: Gate[] } {
  const found = new Map<string, Gate[]>()
  for (const gate of gates)
    if (gate.backfillId !== undefined)
      found.set(gate.backfillId, [...(found.get(gate.backfillId) ?? []), gate])
  const backfills = [...found]
    .filter(([, group]) => group.length >= FEWEST)
    .map(([id, group]) => ({
      id,
      assets: [...new Set(group.flatMap(({ asset }) => asset ?? []))],
      gates: group,
    }))
  const grouped = new Set(backfills.map(({ id }) => id))
  return { backfills, others: gates.filter(({ backfillId }) => !grouped.has(backfillId ?? '')) }
}

/** The answer as a plain yes or no to what is asked, with a comment where there is a place for one. Undefined: the gate
 *  asks for more. */
export function answerPlainly(gate: Gate, approved: boolean, comment: string): Json | undefined {
  const question = readQuestion(gate)
  if (question.kind === 'form') return undefined
  const draft = { ...firstDraft(question, gate), comment }
  const faults = [...findAnswerFaults(question, draft).keys()]
  // A rejection leaves the payload out, whatever is wrong with it.
  const counting = faults.filter((place) => approved || !place.startsWith('$.payload'))
  return counting.length > 0 ? undefined : writeAnswer(question, draft, approved, gate)
}

/** Why a gate takes no plain yes or no with this comment; undefined: it does. */
export function whyNotPlainly(gate: Gate, approved: boolean, comment: string): string | undefined {
  if (answerPlainly(gate, approved, comment) !== undefined) return undefined
  const needsComment = comment.trim() === '' && answerPlainly(gate, approved, 'a comment') !== undefined
  return needsComment ? 'It needs a comment.' : 'It asks for more than a yes or no: open it.'
}

/** What became of one answer. */
export interface Outcome {
  gate: Gate
  approved: boolean
  /** Why it was not taken. */
  fault?: string
}

/** `8 approved, 1 not taken` */
export function summarizeOutcomes(outcomes: readonly Outcome[]): string {
  const taken = outcomes.filter(({ fault }) => fault === undefined)
  const counts = [
    [taken.filter(({ approved }) => approved).length, 'approved'],
    [taken.filter(({ approved }) => !approved).length, 'rejected'],
    [outcomes.length - taken.length, 'not taken'],
  ] as const
  return counts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ')
}
