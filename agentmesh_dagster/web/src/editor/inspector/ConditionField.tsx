import type { GraphEdge, GraphNode } from '../../api/types'
import { mayCatch } from '../../graph/edgeLabels'
import { edgesOf, nodeType } from '../../types/types'
import { ExpressionInput } from './ExpressionInput'
import { useFault } from './PlacedField'
import { useOffers } from './useOffers'
import { Message } from '../../ui/Message'

interface Props {
  /** The node that the edge leaves. */
  node: GraphNode
  edge: GraphEdge
  onChange: (condition: string) => void
  label: string
}

/** The condition of an edge: an expression, or the literal to match where the branch has an expression of its own. */
export function ConditionField({ node, edge, onChange, label }: Props) {
  const offers = useOffers(node.id, mayCatch(edge) ? 'fault-edge' : 'out-edge')
  const faults = [useFault('condition'), useFault('')]
  const fault = faults.filter(Boolean).join(' ')
  const { subject } = nodeType(node.type)
  const isLiteral = !mayCatch(edge) && subject !== undefined && typeof node.config[subject] === 'string'
  return (
    <div className="field" data-place="condition">
      <ExpressionInput
        aria-invalid={fault ? true : undefined}
        label={label}
        value={edge.condition ?? ''}
        onChange={onChange}
        offers={isLiteral ? NOTHING : offers}
        placeholder={isLiteral ? '"refund", 3, true, or empty: otherwise' : placeholderFor(node, edge)}
      />
      {fault && (
        <div className="field-fault">
          <Message text={fault} />
        </div>
      )}
    </div>
  )
}

const NOTHING = () => []

function placeholderFor(node: GraphNode, edge: GraphEdge): string {
  if (mayCatch(edge)) return 'context.error.code == "timeout", or empty: whatever it was'
  const { example, otherwise } = edgesOf(node)
  return example === undefined ? `Empty: ${otherwise}` : `${example}, or empty: ${otherwise}`
}
