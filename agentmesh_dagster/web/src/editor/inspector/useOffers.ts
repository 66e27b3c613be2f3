import { useCallback } from 'react'
import { useNodeSchemas } from '../../api/catalogue'
import { contextOfFallback, listCompletions } from '../../graph/completions'
import type { NodeSchemas } from '../../api/types'
import type { Offers, Place } from '../../graph/completions'
import { useEditor } from '../useEditor'

/** What an expression in a node's config, or on an edge that leaves it, may name, as the workflow was when it was
 *  checked last: the server is asked anew a moment after each change. */
export function useOffers(nodeId: string, place: Place = 'node'): Offers {
  const schemas = useNodeSchemas(
    useEditor((state) => state.checked),
    nodeId,
  )
  return useCallback(
    (typed) => {
      const context = schemas && findContext(schemas, place)
      return context ? listCompletions(context, typed) : []
    },
    [schemas, place],
  )
}

function findContext({ context, edgeContext, faultContext }: NodeSchemas, place: Place) {
  if (place === 'fallback' && context && faultContext) return contextOfFallback(context, faultContext)
  const behind = { node: undefined, fallback: undefined, 'out-edge': edgeContext, 'fault-edge': faultContext }
  return behind[place] ?? context
}
