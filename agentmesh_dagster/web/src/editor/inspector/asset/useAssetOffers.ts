import { useCallback } from 'react'
import { useCheckContext } from '../../../api/catalogue'
import { listCompletions } from '../../../graph/completions'
import type { Offers } from '../../../graph/completions'
import { nodeType } from '../../../types/types'
import { graphOf } from '../../state'
import { useEditor } from '../../useEditor'

/** What the condition of a check may name: all that an end may, and the output. */
export function useAssetOffers(): Offers {
  const endId = useEditor(
    (state) => graphOf(state).nodes.find(({ type }) => nodeType(type).place === 'end')?.id ?? '',
  )
  const context = useCheckContext(
    useEditor((state) => state.checked),
    endId,
  )
  return useCallback((typed) => (context ? listCompletions(context, typed) : []), [context])
}
