/** Ids and filters in the address. The router decodes paths in a way that loses `%`, so both are read from the browser. */
import { useCallback, useMemo } from 'react'
import { useLocation, useSearch } from 'wouter'

/** The id at the end of the path. */
export function useIdInPath(): string {
  useLocation() // drawn anew when it changes
  return decode(window.location.pathname.split('/').at(-1) ?? '')
}

/** The two ids of `/runs/:id/compare/:other`. */
export function useIdsInPath(): readonly [string, string] {
  useLocation() // drawn anew when it changes
  const parts = window.location.pathname.split('/')
  return [decode(parts.at(-3) ?? ''), decode(parts.at(-1) ?? '')]
}

export type Filters = Readonly<Record<string, string>>

/** The query string as filters, and a function that changes some of them; '' takes one away. */
export function useFilters(): [Filters, (change: Filters) => void] {
  const search = useSearch() // drawn anew when it changes
  const [, navigate] = useLocation()
  // oxlint-disable-next-line react/exhaustive-deps
  const filters = useMemo(() => Object.fromEntries(new URLSearchParams(window.location.search)), [search])
  const change = useCallback(
    (changed: Filters) => {
      const next = new URLSearchParams(window.location.search)
      for (const [name, value] of Object.entries(changed)) {
        if (value === '') next.delete(name)
        else next.set(name, value)
      }
      const text = next.toString()
      // `~`: the path is already a whole one.
      navigate(`~${window.location.pathname}${text ? `?${text}` : ''}`, { replace: true })
    },
    [navigate],
  )
  return [filters, change]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // an address that somebody typed
  }
}
