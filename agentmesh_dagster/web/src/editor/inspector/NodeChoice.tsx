import type { Json } from '../../api/types'
import { titleOf } from '../../graph/edits'
import type { FormField } from '../../schema/fields'
import { nodeType } from '../../types/types'
import type { FieldProps } from '../../ui/Field'
import { graphOf } from '../state'
import { useEditor } from '../useEditor'
import { textOf } from './useConfig'

interface Props {
  field: FieldProps
  of: FormField
  nodeId: string
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

/** Another node of the graph, by its id. */
export function NodeChoice({ field, of, nodeId, value, onChange }: Props) {
  const graph = useEditor(graphOf)
  return (
    <select
      {...field}
      className="select"
      value={textOf(value)}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{of.unset ?? 'Not set'}</option>
      {graph.nodes
        .filter(({ id, type }) => id !== nodeId && nodeType(type).place !== 'start')
        .map((one) => (
          <option key={one.id} value={one.id}>
            {titleOf(one)}
          </option>
        ))}
    </select>
  )
}
