import type { GraphNode } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { readLoose, writeLoose } from '../../graph/templates'
import { nodeType } from '../../types/types'
import { graphOf } from '../state'
import { useEditor } from '../useEditor'
import { ChoiceField, NumberField, TemplateField } from './ConfigFields'
import { ExpressionInput } from './ExpressionInput'
import { PlacedField } from './PlacedField'
import { useSetConfig } from './useConfig'
import { useOffers } from './useOffers'

const MODES = [
  ['first', 'First match'],
  ['all', 'All matches'],
  ['each', 'For each item of a list'],
] as const

/** How a branch routes. The conditions stand with its out-edges. */
export function BranchFields({ node }: { node: GraphNode }) {
  const mode = node.config['mode'] ?? 'first'
  return (
    <>
      <ModeField node={node} />
      {(mode === 'first' || node.config['condition'] !== undefined) && (
        <TemplateField
          node={node}
          name="condition"
          label="Switch on"
          hint="An expression: each edge then says which value it is for. Empty: each edge has a condition of its own."
          placeholder="context.last_output.kind"
          isExpression
        />
      )}
      {(mode === 'first' || node.config['onNoMatch'] !== undefined) && (
        <ChoiceField
          node={node}
          name="onNoMatch"
          label="If nothing matches"
          choices={[
            ['fail', 'Fail the step'],
            ['end', 'Take no edge'],
          ]}
        />
      )}
      {(mode === 'each' || node.config['items'] !== undefined) && <ItemsField node={node} />}
      {(mode === 'each' || node.config['maxItems'] !== undefined) && (
        <NumberField node={node} name="maxItems" label="Max items" hint="More fail the step." />
      )}
      {(mode === 'each' || node.config['join'] !== undefined) && <JoinField node={node} />}
    </>
  )
}

/** Settings that count only with the mode before go with it. */
function ModeField({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const mode = node.config['mode'] ?? 'first'
  const choose = (next: string) =>
    set({
      mode: next === 'first' ? undefined : next,
      ...(next === 'first' ? {} : { condition: undefined, onNoMatch: undefined }),
      ...(next === 'each' ? {} : { items: undefined, maxItems: undefined, join: undefined }),
    })
  return (
    <PlacedField place="config.mode" label="Mode">
      {(field) => (
        <select
          {...field}
          className="select"
          value={String(mode)}
          onChange={(event) => choose(event.target.value)}
        >
          {!MODES.some(([one]) => one === mode) && <option>{String(mode)}</option>}
          {MODES.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      )}
    </PlacedField>
  )
}

/** The list: an expression as it is, or JSON. */
function ItemsField({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const offers = useOffers(node.id)
  const items = node.config['items']
  return (
    <PlacedField
      place="config.items"
      label="Items"
      hint="An expression that gives a list, or a list as JSON. Behind the branch: context.item and context.index."
      isRequired
    >
      {(field) => (
        <ExpressionInput
          {...field}
          value={items === undefined ? '' : writeLoose(items)}
          onChange={(text) => set({ items: text === '' ? undefined : readLoose(text) })}
          offers={offers}
          placeholder="context.input.items"
        />
      )}
    </PlacedField>
  )
}

function JoinField({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const graph = useEditor(graphOf)
  const join = node.config['join']
  return (
    <PlacedField
      place="config.join"
      label="Join"
      hint="Where the graph leaves a choice, say which node gets the list."
    >
      {(field) => (
        <select
          {...field}
          className="select"
          value={typeof join === 'string' ? join : ''}
          onChange={(event) => set({ join: event.target.value || undefined })}
        >
          <option value="">As the graph says</option>
          {graph.nodes
            .filter(({ id, type }) => id !== node.id && nodeType(type).place !== 'start')
            .map((one) => (
              <option key={one.id} value={one.id}>
                {titleOf(one)}
              </option>
            ))}
        </select>
      )}
    </PlacedField>
  )
}
