import type { CSSProperties } from 'react'
import type { NodeType } from '../api/types'
import { Drawing, Icon, iconNamed, isPath } from '../ui/icons'
import { nodeType } from './types'

export function NodeIcon({ type, size }: { type: NodeType | undefined; size?: number }) {
  const icon = type === undefined ? '' : nodeType(type).icon
  return isPath(icon) ? <Drawing path={icon} size={size} /> : <Icon name={iconNamed(icon)} size={size} />
}

/** What `--kind` and `--kind-bg` are for a type: the colours of its icon and of what is behind it. */
export function kindStyle(type: NodeType): CSSProperties {
  const { tone } = nodeType(type)
  return { '--kind': `var(--${tone})`, '--kind-bg': `var(--${tone}-bg)` } as CSSProperties
}
