import type { ReactNode } from 'react'
import { assetHint } from '../../../types/types'
import { Message } from '../../../ui/Message'

/** What a field of an asset is for, with its names as code. */
export function hintOf(...place: string[]): ReactNode {
  const hint = assetHint(...place)
  return hint && <Message text={hint} />
}
