import { useSyncExternalStore } from 'react'
import { lastTick, onTick } from './clock'

const NEVER = () => () => undefined

/** The server's time in milliseconds, every second anew: one clock for all that shows times. `isWanted` false: it
 *  stands still. */
export function useNow(isWanted = true): number {
  return useSyncExternalStore(isWanted ? onTick : NEVER, lastTick)
}
