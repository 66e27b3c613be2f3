import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { del, get, path, post } from './client'
import { keys } from './keys'
import type { CreatedHook, Hook, NewHook, Page } from './types'

/** The addresses of third parties in a project. */
export function useHooks(projectId: string) {
  return useQuery({
    queryKey: keys.hooks(projectId),
    queryFn: ({ signal }) => get<Page<Hook>>('hooks', { projectId }, signal),
  })
}

export function useCreateHook() {
  return useHookChange((hook: NewHook) => post<CreatedHook>('hooks', hook))
}

export function useRotateHook() {
  return useHookChange((id: string) => post<CreatedHook>(path`hooks/${id}/rotate`))
}

export function useDeleteHook() {
  return useHookChange((id: string) => del(path`hooks/${id}`))
}

function useHookChange<Given, Answer>(change: (given: Given) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: keys.allHooks }),
  })
}
