import { useCallback } from 'react'
import { listCompletions } from '../../graph/completions'
import type { Completion, Place } from '../../graph/completions'
import { useCatalogue } from '../catalogue'
import { workflowOf } from '../state'
import { useEditorStore } from '../useEditor'

/** What an expression in a node's config, or on an edge that leaves it, may name: read when it is asked for. */
export function useOffers(nodeId: string, place: Place = 'node'): () => Completion[] {
  const store = useEditorStore()
  const { agents, tools } = useCatalogue()
  return useCallback(() => {
    const { graph, inputSchema } = workflowOf(store.get())
    return listCompletions(graph, nodeId, place, { agents, tools, inputSchema })
  }, [store, agents, tools, nodeId, place])
}
