import { useCallback } from 'react'
import { useNodeSchemas } from '../../api/catalogue'
import { listCompletions } from '../../graph/completions'
import type { Offers, Place } from '../../graph/completions'
import { useEditor } from '../useEditor'

/** What an expression in a node's config, or on an edge that leaves it, may name, as the workflow was when it was
 *  checked last: the server is asked anew a moment after each change. */
export function useOffers(nodeId: string, place: Place = 'node'): Offers {
  const schemas = useNodeSchemas(
    useEditor((state) => state.checked),
    nodeId,
  )
  const behind = { node: undefined, 'out-edge': schemas?.edgeContext, 'fault-edge': schemas?.faultContext }
  const context = behind[place] ?? schemas?.context
  return useCallback((typed) => (context ? listCompletions(context, typed) : []), [context])
}
