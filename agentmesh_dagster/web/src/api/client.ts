import { noteServerTime } from '../ui/clock'
import { askForLogin, noteLoggedIn } from './login'
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

/** Calls the API; raises Problem. When the session has ended, the page asks for a login and calls again; a page that was
 *  never logged in goes to the login page and comes back. */
async function call<Answer>(method: string, where: string, what: Call): Promise<Answer> {
  let response = await send(method, where, what)
  if (response.status === 401 && (await askForLogin())) response = await send(method, where, what)
  if (!response.ok) throw await readProblem(response)
  noteLoggedIn()
  const answer: unknown = response.status === 204 ? undefined : await response.json()
  const etag = response.headers.get('etag')
  if (etag !== null && typeof answer === 'object' && answer !== null) etags.set(answer, etag)
  return answer as Answer
}

async function send(
  method: string,
  where: string,
  { query, body, headers, signal }: Call,
): Promise<Response> {
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
  noteServerTime(response.headers.get('date'))
  return response
}

const etags = new WeakMap<object, string>()

/** Puts an ETag to an object that was kept elsewhere. */
export function putEtag(answer: object, etag: string | undefined): void {
  if (etag !== undefined) etags.set(answer, etag)
}

/** The ETag with which this very object came: send it as If-Match, and a newer revision is never overwritten. */
export function etagOf(answer: object): string | undefined {
  return etags.get(answer)
}
