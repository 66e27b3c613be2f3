import { lazy, Suspense } from 'react'
import type { ComponentProps } from 'react'
import { Loading } from '../ui/states'

// Both need the YAML of documents, which nobody else loads: they come when they are opened.
const EntityDiff = lazy(() => import('./EntityDiff'))
export const LazyRevisionsDialog = lazy(() => import('./RevisionsDialog'))

export function LazyEntityDiff(props: ComponentProps<typeof EntityDiff>) {
  return (
    <Suspense fallback={<Loading rows={2} />}>
      <EntityDiff {...props} />
    </Suspense>
  )
}
