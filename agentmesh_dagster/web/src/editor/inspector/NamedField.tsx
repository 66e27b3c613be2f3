import { Link } from 'wouter'
import type { GraphNode } from '../../api/types'
import { addresses } from '../../app/addresses'
import { describeTarget } from '../../graph/entities'
import { findNamed, idNamed, knownOf } from '../../graph/summaries'
import { nodeType } from '../../types/types'
import { Combobox } from '../../ui/Combobox'
import { useCatalogue } from '../catalogue'
import { workflowOf } from '../state'
import { useEditor } from '../useEditor'
import { PlacedField } from './PlacedField'
import { useSetNode } from './useConfig'

const WORDS = {
  agent: {
    place: 'agentId',
    label: 'Agent',
    choose: 'Choose an agent',
    none: 'There is no agent yet: create one in the project',
  },
  tool: {
    place: 'toolId',
    label: 'Tool',
    choose: 'Choose a tool',
    none: 'There is no tool yet: create one in the project',
  },
  workflow: {
    place: 'workflowId',
    label: 'Workflow',
    choose: 'Choose a workflow',
    none: 'There is no other workflow yet: create one in the project',
  },
} as const

/** Which agent, tool or workflow a node refers to, where its type refers to one. */
export function NamedField({ node }: { node: GraphNode }) {
  const { names } = nodeType(node.type)
  const catalogue = useCatalogue()
  const setNode = useSetNode(node.id)
  const ownId = useEditor((state) => workflowOf(state).id)
  if (names === undefined) return null
  const { place, label, choose, none } = WORDS[names]
  const known = knownOf(catalogue, names)
  const others = [...known.values()].filter(({ id }) => names !== 'workflow' || id !== ownId)
  const named = findNamed(node, catalogue)
  return (
    <PlacedField
      place={place}
      label={label}
      isRequired
      hint={
        named && (
          <>
            {named.description} <Link href={addresses[names](named.id)}>Open {named.name}</Link>
          </>
        )
      }
    >
      {(field) => (
        <Combobox
          {...field}
          options={others.map((one) => ({
            value: one.id,
            label: one.name,
            detail: describeTarget(one),
          }))}
          value={idNamed(node) ?? ''}
          placeholder={others.length > 0 ? choose : none}
          onChange={(id) => setNode({ [place]: id, label: node.label || (known.get(id)?.name ?? '') })}
        />
      )}
    </PlacedField>
  )
}
