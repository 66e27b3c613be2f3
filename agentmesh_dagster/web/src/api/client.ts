import { Problem, readProblem } from './problem'

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

interface Call {
  query?: Query
  body?: unknown
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** Address of something below `/api`; `where` starts without a slash, its parts are escaped by `path`. */
export function apiUrl(where: string, query: Query = {}): string {
  const url = new URL(`../api/${where}`, document.baseURI)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value))
  }
  return url.href
}

/** A path of escaped parts: path`runs/${id}/steps`. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((made, part, at) => made + encodeURIComponent(values[at - 1] ?? '') + part)
}

export function get<Answer>(where: string, query?: Query, signal?: AbortSignal): Promise<Answer> {
  return call<Answer>('GET', where, { query, signal })
}

export function post<Answer>(where: string, body?: unknown, more: Omit<Call, 'body'> = {}): Promise<Answer> {
  return call<Answer>('POST', where, { ...more, body })
}

export function put<Answer>(where: string, body: unknown, more: Omit<Call, 'body'> = {}): Promise<Answer> {
  return call<Answer>('PUT', where, { ...more, body })
}

export function del(where: string, more: Omit<Call, 'body'> = {}): Promise<void> {
  return call<void>('DELETE', where, more)
}

/** Calls the API; raises Problem. Without a login the browser goes to the login page and comes back. */
async function call<Answer>(
  method: string,
  where: string,
  { query, body, headers, signal }: Call,
): Promise<Answer> {
  const response = await fetch(apiUrl(where, query), {
    method,
    signal,
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Problem(0, 'No connection', 'The server cannot be reached. Is `agentmesh dev` running?')
  })
  if (response.status === 401) goToLogin()
  if (!response.ok) throw await readProblem(response)
  const answer: unknown = response.status === 204 ? undefined : await response.json()
  const etag = response.headers.get('etag')
  if (etag !== null && typeof answer === 'object' && answer !== null) etags.set(answer, etag)
  return answer as Answer
}

const etags = new WeakMap<object, string>()

/** The ETag with which this very object came: send it as If-Match, and a newer revision is never overwritten. */
export function etagOf(answer: object): string | undefined {
  return etags.get(answer)
}

let isLeaving = false // several calls fail at once: one of them leaves

export function goToLogin(): void {
  if (isLeaving) return
  isLeaving = true
  const login = new URL('../login', document.baseURI)
  login.searchParams.set('next', location.pathname + location.search + location.hash)
  location.assign(login)
}
