import type { Agent } from '../api/types'
import { addresses } from '../app/addresses'
import { AgentFields } from './AgentFields'
import { EntityPage } from './EntityPage'
import type { EntityKind } from './EntityPage'
import { TryAgent } from './TryAgent'
import { providers } from '../types/types'

const AGENT: EntityKind<'agents'> = {
  kind: 'agents',
  title: 'Agent',
  titleOfNew: 'New agent',
  addressOf: addresses.agent,
  first: firstAgent,
  Fields: AgentFields,
  Trial: TryAgent,
}

export function AgentPage({ id }: { id: string }) {
  return <EntityPage id={id} of={AGENT} />
}

/** With a model that answers at once, where there is one. */
function firstAgent(projectId: string): Agent {
  const provider = providers().find(({ firstModel }) => firstModel !== undefined) ?? providers()[0]
  return {
    id: '',
    name: '',
    projectId,
    modelProvider: provider?.name as Agent['modelProvider'],
    modelName: provider?.firstModel ?? '',
    systemPrompt: '',
    tools: [],
    metadata: {},
  }
}
