import { useCallback, useEffect, useRef, useState } from 'react'
import { useSession } from '../api/session'
import { dropCopy, keepCopy, readCopy } from './localCopies'
import type { LocalCopy } from './localCopies'

const WAIT_MS = 250 // after the last change

/** What is edited just now; undefined: nothing that is not saved. */
export type Edited<Value> = Pick<LocalCopy<Value>, 'value' | 'saved' | 'etag'> | undefined

export interface Copies<Value> {
  /** Edits of an earlier visit that were never saved. */
  offer: LocalCopy<Value> | undefined
  /** They were taken over, or are not wanted. */
  settle: () => void
  /** Keeps what is edited, a moment later; undefined forgets it. */
  keep: (edited: Edited<Value>) => void
}

/** Keeps what is edited in this browser, and offers what was left there the last time. */
export function useLocalCopy<Value>(name: string): Copies<Value> {
  const by = useSession().data?.name
  const [offer, setOffer] = useState<LocalCopy<Value>>()
  const [asked, setAsked] = useState<string>() // for whom it was looked up
  if (by !== undefined && asked === undefined) {
    setAsked(by)
    setOffer(readCopy<Value>(name, by))
  }
  const waiting = useRef<{ edited: Edited<Value>; timer: ReturnType<typeof setTimeout> }>(undefined)
  const hasKept = useRef(false)
  const write = useCallback(() => {
    if (waiting.current === undefined || by === undefined) return
    clearTimeout(waiting.current.timer)
    const { edited } = waiting.current
    waiting.current = undefined
    if (edited) keepCopy(name, { ...edited, at: new Date().toISOString(), by })
    else if (hasKept.current) dropCopy(name)
    hasKept.current = edited !== undefined
  }, [name, by])
  useEffect(() => {
    window.addEventListener('pagehide', write)
    return () => {
      window.removeEventListener('pagehide', write)
      write()
    }
  }, [write])
  const keep = useCallback(
    (edited: Edited<Value>) => {
      clearTimeout(waiting.current?.timer)
      waiting.current = { edited, timer: setTimeout(write, WAIT_MS) }
    },
    [write],
  )
  const settle = useCallback(() => {
    setOffer(undefined)
    if (!hasKept.current) dropCopy(name)
  }, [name])
  return { offer, settle, keep }
}
