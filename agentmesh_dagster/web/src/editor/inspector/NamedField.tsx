import { Link } from 'wouter'
import type { Agent, GraphNode, Tool } from '../../api/types'
import { addresses } from '../../app/addresses'
import { describeTarget } from '../../graph/entities'
import { findNamed, idNamed } from '../../graph/summaries'
import { nodeType } from '../../types/types'
import { Combobox } from '../../ui/Combobox'
import { useCatalogue } from '../catalogue'
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
} as const

/** Which agent or tool a node refers to, where its type refers to one. */
export function NamedField({ node }: { node: GraphNode }) {
  const { names } = nodeType(node.type)
  const catalogue = useCatalogue()
  const setNode = useSetNode(node.id)
  if (names === undefined) return null
  const { place, label, choose, none } = WORDS[names]
  const known: ReadonlyMap<string, Agent | Tool> = names === 'agent' ? catalogue.agents : catalogue.tools
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
          options={[...known.values()].map((one) => ({
            value: one.id,
            label: one.name,
            detail: describeTarget(one),
          }))}
          value={idNamed(node) ?? ''}
          placeholder={known.size > 0 ? choose : none}
          onChange={(id) => setNode({ [place]: id, label: node.label || (known.get(id)?.name ?? '') })}
        />
      )}
    </PlacedField>
  )
}
