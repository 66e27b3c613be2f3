import { QueryClient } from '@tanstack/react-query'
import { Problem } from '../api/problem'

const TRIES = 2
const FRESH_MS = 3_000

/** The cache of what the API has said. Faults of the caller are not tried again. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (count, error) =>
          count < TRIES && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      },
      mutations: { retry: false },
    },
  })
}
