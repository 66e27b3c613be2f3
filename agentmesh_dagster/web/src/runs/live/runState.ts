/** What the events of a run add up to, told by events alone. No React. */
import { shownStatus } from '../../ui/statusWords'
import type { ShownStatus } from '../../ui/statusWords'
import type { EventLog, Json, Run, RunStatus } from '../../api/types'
import { asText, cancelStep, firstState, foldStep } from './foldStep'
import type { Cuts, StepState } from './foldStep'

export interface RunState {
  status: RunStatus
  lastEventId: number
  startedAt?: string
  finishedAt?: string
  output?: Json
  error?: string
  /** Of the output and the error: what came cut. */
  cut?: Cuts
  steps: ReadonlyMap<string, StepState>
}

export const NOTHING_YET: RunState = { status: 'pending', lastEventId: 0, steps: new Map() }

/** The state after these events; those that were folded before are passed over, so a reader may repeat itself. */
export function foldEvents(state: RunState, events: readonly EventLog[]): RunState {
  const fresh = events.filter((event) => event.id > state.lastEventId).toSorted((a, b) => a.id - b.id)
  if (fresh.length === 0) return state
  const steps = new Map(state.steps)
  let run = state
  for (const event of fresh) {
    run = foldRun(run, event)
    if (event.type === 'run.canceled') {
      for (const [id, step] of steps) steps.set(id, cancelStep(step, event.timestamp))
    }
    if (event.stepId === undefined) continue
    const step = steps.get(event.stepId) ?? firstState(event.stepId, event.payload)
    steps.set(event.stepId, foldStep(step, event))
  }
  return { ...run, steps, lastEventId: fresh.at(-1)?.id ?? state.lastEventId }
}

/** The run as the API gave it, brought up to date. */
export function joinRun(run: Run, state: RunState): Run {
  if (state.lastEventId === 0) return run
  const { status, startedAt = run.startedAt, finishedAt, output, error } = state
  const input = run.cut?.['input']
  const cut = { ...(input && { input }), ...state.cut }
  return { ...run, status, startedAt, finishedAt, output, error, cut }
}

/** How many steps are in each status. */
export function countByStatus(
  steps: Iterable<Parameters<typeof shownStatus>[0]>,
): ReadonlyMap<ShownStatus, number> {
  const counts = new Map<ShownStatus, number>()
  for (const step of steps) {
    const status = shownStatus(step)
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return counts
}

function foldRun(run: RunState, { type, timestamp, payload, cut }: EventLog): RunState {
  const error = asText(payload['error']) ?? cut?.['error']?.preview
  const end = { finishedAt: timestamp, output: payload['output'], error, cut }
  switch (type) {
    case 'run.started': // again, when a failed run is taken up once more
      return {
        ...run,
        status: 'running',
        startedAt: run.startedAt ?? timestamp,
        finishedAt: undefined,
        output: undefined,
        error: undefined,
        cut: undefined,
      }
    case 'run.completed':
      return { ...run, ...end, status: 'succeeded' }
    case 'run.failed':
      return { ...run, ...end, status: 'failed' }
    case 'run.canceled':
      return { ...run, ...end, status: 'canceled' }
    default:
      return run
  }
}
