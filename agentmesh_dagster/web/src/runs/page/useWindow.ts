import { useLayoutEffect, useState } from 'react'
import type { RefObject } from 'react'

const MORE = 8 // rows above and below those that are seen

export interface Window {
  /** The rows to draw: from `first` to before `end`. */
  first: number
  end: number
}

/** Which of many rows of one height are near what is seen. */
export function useWindow(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number): Window {
  const [seen, setSeen] = useState({ top: 0, height: 800 })
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller])
  const first = Math.max(0, Math.floor(seen.top / rowHeight) - MORE)
  const end = Math.min(count, Math.ceil((seen.top + seen.height) / rowHeight) + MORE)
  return { first, end }
}

/** Brings a row into view. `head` is the height of what stays above the rows. */
export function showRow(scroller: HTMLElement | null, at: number, rowHeight: number, head: number): void {
  if (!scroller) return
  const top = at * rowHeight
  const room = scroller.clientHeight - head
  if (top < scroller.scrollTop) scroller.scrollTo({ top })
  else if (top + rowHeight > scroller.scrollTop + room) scroller.scrollTo({ top: top + rowHeight - room })
}
