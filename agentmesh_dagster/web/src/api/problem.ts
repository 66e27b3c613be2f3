import type { Issue } from './types'

/** What the API answered instead of what was asked for (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    readonly title: string,
    readonly detail: string,
    readonly issues: readonly Issue[] = [],
    /** The whole answer: a 409 says who was first. */
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title)
    this.name = 'Problem'
  }
}

/** The problem that a response without success stands for. */
export async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text()
  const title = response.statusText || `HTTP ${response.status}`
  if (!(response.headers.get('content-type') ?? '').includes('json')) {
    return new Problem(response.status, title, text.startsWith('<') ? '' : text.slice(0, 500))
  }
  const body = readObject(text)
  return new Problem(
    response.status,
    typeof body['title'] === 'string' ? body['title'] : title,
    typeof body['detail'] === 'string' ? body['detail'] : '',
    Array.isArray(body['issues']) ? (body['issues'] as Issue[]) : [],
    body,
  )
}

/** One sentence for people, whatever was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // an answer that was cut off
  }
}
