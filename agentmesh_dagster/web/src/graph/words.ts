import type { NodeType } from '../api/types'

/** What people call the node types. */
export const NODE_WORDS: Record<NodeType, string> = {
  start: 'Start',
  agent: 'Agent',
  tool: 'Tool',
  branch: 'Branch',
  human_approval: 'Approval',
  end: 'End',
}

/** What a node of the type is for, in a sentence. */
export const NODE_PURPOSES: Record<NodeType, string> = {
  start: 'Runs begin here, with their input.',
  agent: 'Asks a model.',
  tool: 'Calls an address, a function or a built-in tool.',
  branch: 'Chooses where to go on, or goes through a list.',
  human_approval: 'Waits for a person to answer.',
  end: 'The run’s output comes out here.',
}

/** In the order in which a palette shows them. */
export const NODE_TYPES: readonly NodeType[] = ['start', 'agent', 'tool', 'branch', 'human_approval', 'end']
