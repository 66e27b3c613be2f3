import { createContext, useContext, useMemo } from 'react'
import { useEveryEntity } from '../api/catalogue'
import type { Catalogue } from '../graph/summaries'

const EMPTY: Catalogue = { agents: new Map(), tools: new Map(), workflows: new Map() }

/** The agents, tools and workflows that nodes may name. */
export const CatalogueContext = createContext<Catalogue>(EMPTY)

export function useCatalogue(): Catalogue {
  return useContext(CatalogueContext)
}

export function useFetchedCatalogue(): Catalogue {
  const { data: agents } = useEveryEntity('agents')
  const { data: tools } = useEveryEntity('tools')
  const { data: workflows } = useEveryEntity('workflows')
  return useMemo(
    () => ({
      agents: new Map(agents?.map((agent) => [agent.id, agent])),
      tools: new Map(tools?.map((tool) => [tool.id, tool])),
      workflows: new Map(workflows?.map((workflow) => [workflow.id, workflow])),
    }),
    [agents, tools, workflows],
  )
}
