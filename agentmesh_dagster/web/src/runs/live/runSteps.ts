/** The steps of a run: what the API listed, brought up to date by the events that came since. No React. */
import type { Json, Step, StepStatus } from '../../api/types'
import { isOver } from './foldStep'
import type { Awaited } from './awaited'
import type { Span, StepState } from './foldStep'

export interface RunStep extends StepState {
  input?: Json
  parentStepIds: readonly string[]
  /** The run that did the work, where another one did. */
  takenOverFrom?: string
  /** Who gave the output when the run was forked. */
  editedBy?: string
  /** Whether the API has listed it: its input is known only then. */
  isListed: boolean
  /** While it waits. */
  awaited?: Awaited
}

/** What the API listed, and the last event that was known when it was asked. */
export interface Listing {
  steps: readonly Step[]
  after: number
}

/** All steps, in the order in which they began. Of the list and the events, each step shows what is newer. */
export function joinSteps(listing: Listing | undefined, told: ReadonlyMap<string, StepState>): RunStep[] {
  const listed = listing?.steps ?? []
  const ids = new Set(listed.map(({ id }) => id))
  const joined = listed.map((step) => joinStep(step, told.get(step.id), listing?.after ?? 0))
  for (const state of told.values()) {
    if (!ids.has(state.stepId))
      joined.push({ ...state, parentStepIds: [], isListed: false, awaited: awaitedNow(state) })
  }
  return joined.toSorted(byStart)
}

/** Whether the list has to be read anew when a run is over: some step has another status there, or is missing. */
export function isBehind(listing: Listing | undefined, told: ReadonlyMap<string, StepState>): boolean {
  const listed = new Map(listing?.steps.map((step) => [step.id, step.status]))
  for (const { stepId, status } of told.values()) if (listed.get(stepId) !== status) return true
  return [...listed.values()].some((status) => !isOver(status))
}

function joinStep(step: Step, state: StepState | undefined, after: number): RunStep {
  const { takenOverFrom, editedBy } = step
  const own = {
    input: step.input,
    parentStepIds: step.parentStepIds,
    isListed: true,
    ...(takenOverFrom !== undefined && { takenOverFrom }),
    ...(editedBy !== undefined && { editedBy }),
  }
  if (state !== undefined && state.lastEventId > after) {
    const input = step.cut?.['input']
    return { ...state, ...own, awaited: awaitedNow(state), cut: { ...(input && { input }), ...state.cut } }
  }
  const { status, output, startedAt, finishedAt, attempt, cut } = step
  const error = step.error ?? cut?.['error']?.preview
  return {
    ...own,
    stepId: step.id,
    nodeId: step.nodeId,
    item: step.itemIndex ?? null,
    path: step.path,
    status,
    attempt,
    output,
    error,
    caught: step.caught,
    usedFallback: step.usedFallback,
    cut,
    startedAt,
    finishedAt,
    taken: state?.taken,
    answeredBy: state?.answeredBy,
    childRunId: step.childRunId ?? state?.childRunId,
    usage: state?.usage,
    lastEventId: state?.lastEventId ?? 0,
    spans: finish(state?.spans ?? firstSpans(step), status, finishedAt),
    awaited: step.waitingFor,
  }
}

function awaitedNow({ spans }: StepState): Awaited | undefined {
  const last = spans.at(-1)
  return last?.to === undefined ? last?.awaited : undefined
}

/** A step that was taken over from another run has no events here. */
function firstSpans({ startedAt, attempt }: Step): readonly Span[] {
  return startedAt ? [{ kind: 'work', attempt, from: startedAt }] : []
}

function finish(spans: readonly Span[], outcome: StepStatus, at: string | undefined): readonly Span[] {
  const last = spans.at(-1)
  if (last === undefined || last.to !== undefined || at === undefined) return spans
  return [...spans.slice(0, -1), { ...last, to: at, outcome }]
}

function byStart(one: RunStep, other: RunStep): number {
  const [first, second] = [one.startedAt ?? one.finishedAt ?? '', other.startedAt ?? other.finishedAt ?? '']
  if (first !== second) return first < second ? -1 : 1
  return (one.item ?? -1) - (other.item ?? -1)
}
