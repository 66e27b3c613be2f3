import type { Tool } from '../api/types'
import { addresses } from '../app/addresses'
import { EntityPage } from './EntityPage'
import type { EntityKind } from './EntityPage'
import { ToolFields } from './ToolFields'
import { TryTool } from './TryTool'
import { toolTypes } from '../types/types'

const TOOL: EntityKind<'tools'> = {
  kind: 'tools',
  title: 'Tool',
  titleOfNew: 'New tool',
  addressOf: addresses.tool,
  first: firstTool,
  Fields: ToolFields,
  Trial: TryTool,
}

export function ToolPage({ id }: { id: string }) {
  return <EntityPage id={id} of={TOOL} />
}

function firstTool(projectId: string): Tool {
  const [first] = toolTypes()
  return {
    id: '',
    name: '',
    projectId,
    type: first?.type as Tool['type'],
    config: {},
    inputSchema: {},
    outputSchema: {},
  }
}
