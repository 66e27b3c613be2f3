import { useAssets } from '../../../api/catalogue'
import type { GraphNode } from '../../../api/types'
import { listPrefixes, newPart } from '../../../graph/assets'
import type { Asset, AssetPart } from '../../../graph/assets'
import { writeField } from '../../../graph/references'
import { isObject } from '../../../schema/json'
import { hintOf } from './hintOf'
import { THE_WORKFLOW } from '../../issuesOf'
import { PlacedGroup, SubjectContext } from '../PlacedField'
import { Section } from '../Section'
import { DescribedFields } from './DescribedFields'
import { useAsset } from './useAsset'

/** Whether what a node gives is an asset of its own: only in a workflow that gives one. */
export function PartField({ node }: { node: GraphNode }) {
  const { asset, set } = useAsset()
  const known = useAssets().data?.items ?? []
  if (!isObject(asset)) return null
  const parts: Asset['parts'] = isObject(asset.parts) ? asset.parts : {}
  const part = parts[node.id]
  const place = `asset.parts${writeField(node.id)}`
  const write = (next: AssetPart | undefined) => {
    const { [node.id]: _, ...others } = parts
    set({ parts: next ? { ...others, [node.id]: next } : others })
  }
  return (
    <SubjectContext value={THE_WORKFLOW}>
      <Section title="Asset" places={[place]} isOpen={part !== undefined} summary={part?.key ?? 'none'}>
        <PlacedGroup place={place} label="Asset in Dagster" hint={hintOf('parts')} hasFieldsOfItsOwn>
          <label className="field-check small">
            <input
              type="checkbox"
              checked={part !== undefined}
              onChange={(event) =>
                write(event.target.checked ? newPart(`${asset.key}/${node.id}`) : undefined)
              }
            />
            Output is an asset
          </label>
        </PlacedGroup>
        {isObject(part) && (
          <DescribedFields
            place={place}
            value={part}
            prefixes={listPrefixes(known.map(({ key }) => key))}
            onChange={(fields) => write({ ...part, ...fields })}
          />
        )}
      </Section>
    </SubjectContext>
  )
}
