import { useSyncExternalStore } from 'react'

/** Whether this page is in front: false in a tab that is behind another. */
export function useIsShown(): boolean {
  return useSyncExternalStore(subscribe, () => document.visibilityState === 'visible')
}

function subscribe(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener)
  return () => document.removeEventListener('visibilitychange', listener)
}
