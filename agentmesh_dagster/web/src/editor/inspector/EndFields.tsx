import type { GraphNode } from '../../api/types'
import { ChoiceField } from './ConfigFields'
import { PlacedGroup } from './PlacedField'
import { TemplateValue } from './TemplateValue'
import { useSetConfig } from './useConfig'
import { useOffers } from './useOffers'

/** What the run gives when it ends here. */
export function EndFields({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const offers = useOffers(node.id)
  return (
    <>
      <PlacedGroup place="config.output" label="Output">
        <TemplateValue
          label="Output"
          place="config.output"
          value={node.config['output']}
          onChange={(output) => set({ output })}
          offers={offers}
          unset="The node’s input"
        />
      </PlacedGroup>
      <ChoiceField
        node={node}
        name="outcome"
        label="The run ends as"
        choices={[
          ['succeeded', 'Succeeded'],
          ['failed', 'Failed, with the output as its error'],
        ]}
      />
    </>
  )
}
