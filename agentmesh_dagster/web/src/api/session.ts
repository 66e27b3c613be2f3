import { useQuery } from '@tanstack/react-query'
import { del, get } from './client'
import { keys } from './keys'
import type { About, Permission, Session } from './types'

export function useSession() {
  return useQuery({
    queryKey: keys.session,
    queryFn: ({ signal }) => get<Session>('session', {}, signal),
    staleTime: 60_000,
  })
}

/** Whether this person may; false until that is known. */
export function useMay(permission: Permission): boolean {
  return useSession().data?.permissions.includes(permission) ?? false
}

export function useAbout() {
  return useQuery({
    queryKey: keys.about,
    queryFn: ({ signal }) => get<About>('about', {}, signal),
    staleTime: Infinity,
  })
}

export async function logOut(): Promise<void> {
  await del('session')
  location.assign(new URL('../login', document.baseURI))
}
