import { useState } from 'react'
import { useMay } from '../../api/session'
import type { GraphNode } from '../../api/types'
import { Icon } from '../../ui/icons'
import { ForkDialog } from './ForkDialog'

interface Props {
  runId: string
  node: GraphNode
  /** Of one of the node's steps; '' for all of them. */
  path: string
}

/** Asks for what a new run from this step on is given. */
export function ForkButton({ runId, node, path }: Props) {
  const [isOpen, setOpen] = useState(false)
  const mayEdit = useMay('edit')
  if (!mayEdit) return null
  return (
    <>
      <button
        type="button"
        className="button button-small"
        title="Starts a new run that takes over what stands before this step"
        onClick={() => setOpen(true)}
      >
        <Icon name="branch" size={13} />
        Fork from here
      </button>
      {isOpen && <ForkDialog runId={runId} node={node} path={path} onClose={() => setOpen(false)} />}
    </>
  )
}
