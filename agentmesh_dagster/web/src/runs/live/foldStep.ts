/** What one event says of one step. No React. */
import type { Cut, EventLog, Json, JsonObject, StepStatus } from '../../api/types'
import { awaitedOf } from './awaited'
import type { Awaited } from './awaited'

/** A stretch of time in which a step was at work, or waited. */
export interface Span {
  kind: 'work' | 'wait'
  /** 1 for the first. */
  attempt: number
  from: string
  to?: string
  /** What came of it; undefined while it goes on. */
  outcome?: StepStatus
  error?: string
  launchId?: string
  /** Of a wait: for what. */
  awaited?: Awaited
}

/** What came cut, by field. */
export type Cuts = Readonly<Record<string, Cut>>

/** Model calls so far. */
export interface Usage {
  calls: number
  inputTokens: number
  outputTokens: number
  costUsd: number
  /** Calls whose price is not known: the cost is then at least `costUsd`. */
  unpriced: number
}

export interface StepState {
  stepId: string
  nodeId: string
  /** Inside an `each`. */
  item: number | null
  /** Where it stands, as the API writes it; '' outside of all that is repeated. */
  path: string
  status: StepStatus
  attempt: number
  startedAt?: string
  finishedAt?: string
  output?: Json
  error?: string
  /** It failed, and the run went on behind it. */
  caught?: boolean
  /** It would have failed; its output is that of `onError`. */
  usedFallback?: boolean
  /** Of the output and the error: what came cut. */
  cut?: Cuts
  /** Ids of the out-edges that a branch or a gate took; undefined: all of them. */
  taken?: readonly string[]
  answeredBy?: string
  /** The run that is its work. */
  childRunId?: string
  spans: readonly Span[]
  usage?: Usage
  lastEventId: number
}

const OVER: ReadonlySet<StepStatus> = new Set(['succeeded', 'failed', 'skipped', 'canceled'])

export function isOver(status: StepStatus): boolean {
  return OVER.has(status)
}

export function foldStep(before: StepState, event: EventLog): StepState {
  const { type, timestamp: at, payload } = event
  const step = { ...before, lastEventId: event.id }
  const error = asText(payload['error']) ?? event.cut?.['error']?.preview
  switch (type) {
    case 'step.started':
      return start(step, at, payload)
    case 'step.completed':
      return {
        ...end(step, 'succeeded', at),
        output: payload['output'],
        cut: event.cut,
        taken: asTexts(payload['taken']),
        usedFallback: payload['usedFallback'] === true,
        error,
      }
    case 'step.failed':
      return { ...end(step, 'failed', at, error), output: payload['output'], cut: event.cut, error }
    case 'step.caught':
      return { ...step, caught: true, taken: asTexts(payload['taken']) }
    case 'step.retrying':
      return { ...step, status: 'pending', error, spans: close(step.spans, at, 'failed', error) }
    case 'step.waiting_human': {
      const wait: Span = { kind: 'wait', attempt: step.attempt, from: at, awaited: { kind: 'person' } }
      return { ...step, status: 'waiting_human', spans: [...close(step.spans, at, 'succeeded'), wait] }
    }
    case 'step.waiting': {
      const wait: Span = { kind: 'wait', attempt: step.attempt, from: at, awaited: awaitedOf(payload) }
      return { ...step, status: 'waiting', spans: [...close(step.spans, at, 'succeeded'), wait] }
    }
    case 'step.child_started':
      return { ...step, childRunId: asText(payload['childRunId']) }
    case 'step.skipped':
      return end(step, 'skipped', at)
    case 'step.edited':
      return { ...end(step, 'succeeded', at), output: payload['output'], cut: event.cut, error: undefined }
    case 'gate.taken_over':
      return { ...end(step, 'succeeded', at), output: payload['output'], cut: event.cut }
    case 'gate.canceled':
      return end(step, 'canceled', at)
    case 'gate.answered':
      return { ...step, answeredBy: asText(payload['by']) }
    case 'agent.response':
      return { ...step, usage: addUsage(step.usage, payload['usage']) }
    default:
      return step
  }
}

/** The run was canceled: a step that had not ended never will. */
export function cancelStep(step: StepState, at: string): StepState {
  return isOver(step.status) ? step : end(step, 'canceled', at)
}

export function firstState(stepId: string, payload: JsonObject): StepState {
  const item = asNumber(payload['item']) ?? null
  const nodeId = asText(payload['nodeId']) ?? ''
  const path = asText(payload['path']) ?? ''
  return { stepId, nodeId, item, path, status: 'pending', attempt: 0, spans: [], lastEventId: 0 }
}

export function addUsages(usages: Iterable<Usage | undefined>): Usage | undefined {
  let sum: Usage | undefined
  for (const one of usages) {
    if (one === undefined) continue
    sum = {
      calls: (sum?.calls ?? 0) + one.calls,
      inputTokens: (sum?.inputTokens ?? 0) + one.inputTokens,
      outputTokens: (sum?.outputTokens ?? 0) + one.outputTokens,
      costUsd: (sum?.costUsd ?? 0) + one.costUsd,
      unpriced: (sum?.unpriced ?? 0) + one.unpriced,
    }
  }
  return sum
}

/** The usage that an `agent.response` tells of. */
export function readUsage(told: Json | undefined): Usage {
  const usage = typeof told === 'object' && told !== null && !Array.isArray(told) ? told : {}
  const cost = asNumber(usage['costUsd'])
  return {
    calls: 1,
    inputTokens: asNumber(usage['inputTokens']) ?? 0,
    outputTokens: asNumber(usage['outputTokens']) ?? 0,
    costUsd: cost ?? 0,
    unpriced: cost === undefined ? 1 : 0,
  }
}

function addUsage(usage: Usage | undefined, told: Json | undefined): Usage | undefined {
  return addUsages([usage, readUsage(told)])
}

function start(step: StepState, at: string, payload: JsonObject): StepState {
  const attempt = asNumber(payload['attempt']) ?? step.attempt + 1
  const span: Span = { kind: 'work', attempt, from: at, launchId: asText(payload['launchId']) }
  return {
    ...step,
    status: 'running',
    attempt,
    startedAt: step.startedAt ?? at,
    finishedAt: undefined,
    error: undefined,
    caught: undefined,
    usedFallback: undefined,
    cut: undefined,
    spans: [...close(step.spans, at, 'failed', 'The worker was lost.'), span],
  }
}

function end(step: StepState, status: StepStatus, at: string, error?: string): StepState {
  return { ...step, status, finishedAt: at, spans: close(step.spans, at, status, error) }
}

/** The spans, with the one that went on ended. */
function close(spans: readonly Span[], at: string, outcome: StepStatus, error?: string): readonly Span[] {
  const last = spans.at(-1)
  return last === undefined || last.to !== undefined
    ? spans
    : [...spans.slice(0, -1), { ...last, to: at, outcome, error }]
}

function asTexts(value: Json | undefined): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

export function asText(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function asNumber(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
