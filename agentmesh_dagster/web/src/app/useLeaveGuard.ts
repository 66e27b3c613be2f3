import { useEffect } from 'react'

const QUESTION = 'There are changes that are not saved. Leave them behind?'

/** Whether the page may be left: asks where there are unsaved changes. */
export function mayLeave(hasChanges: boolean): boolean {
  return !hasChanges || window.confirm(QUESTION)
}

/** What of the Navigation API is needed: browsers that have none do not ask on Back. */
interface Traverse extends Event {
  navigationType: string
}
declare global {
  interface Window {
    navigation?: EventTarget
  }
}

/** Asks before unsaved changes are left behind: by a link in the app, by Back, by closing or reloading the page. */
export function useLeaveGuard(hasChanges: boolean): void {
  useEffect(() => {
    if (!hasChanges) return undefined
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault()
    const onClick = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null
      const staysHere = !link || link.target === '_blank' || event.ctrlKey || event.metaKey || event.shiftKey
      if (staysHere || window.confirm(QUESTION)) return
      event.preventDefault()
      event.stopPropagation()
    }
    const onNavigate = (event: Event) => {
      const goesBack = (event as Traverse).navigationType === 'traverse' && event.cancelable
      if (goesBack && !window.confirm(QUESTION)) event.preventDefault()
    }
    window.addEventListener('beforeunload', onUnload)
    window.navigation?.addEventListener('navigate', onNavigate)
    document.addEventListener('click', onClick, true)
    return () => {
      window.removeEventListener('beforeunload', onUnload)
      window.navigation?.removeEventListener('navigate', onNavigate)
      document.removeEventListener('click', onClick, true)
    }
  }, [hasChanges])
}
