/** What a step waits for. No React. */
import type { JsonObject } from '../../api/types'

export interface Awaited {
  kind: string
  event?: string
  /** When that is over by itself. */
  until?: string
}

/** As the event has it with which the wait began. */
export function awaitedOf(payload: JsonObject): Awaited {
  return {
    kind: asText(payload['waitsFor']) ?? '',
    event: asText(payload['event']),
    until: asText(payload['until']),
  }
}

/** As a sentence has it behind "waits". */
export function describeAwaited({ kind, event }: Awaited): string {
  if (event !== undefined) return `for the event ${event}`
  return WORDS[kind] ?? 'for something'
}

const WORDS: Readonly<Record<string, string>> = {
  person: 'for a person',
  timer: 'for a time',
  callback: 'for a callback',
  child: 'for a run of another workflow',
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
