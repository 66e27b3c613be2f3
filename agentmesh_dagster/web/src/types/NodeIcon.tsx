import type { NodeType } from '../api/types'
import { Icon, iconNamed } from '../ui/icons'
import { nodeType } from './types'

export function NodeIcon({ type, size }: { type: NodeType; size?: number }) {
  return <Icon name={iconNamed(nodeType(type).icon)} size={size} />
}
