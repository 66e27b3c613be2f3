import { useAssets } from '../../../api/catalogue'
import { listOf, listPrefixes, newAsset, suggestKey, summarizeAsset } from '../../../graph/assets'
import { isObject } from '../../../schema/json'
import { hintOf } from './hintOf'
import { TextRows } from '../../../ui/TextRows'
import { workflowOf } from '../../state'
import { useEditor } from '../../useEditor'
import { PlacedGroup } from '../PlacedField'
import { Section } from '../Section'
import { AssetLinks } from './AssetLinks'
import { AutomationFields } from './AutomationFields'
import { CheckList } from './CheckList'
import { DescribedFields } from './DescribedFields'
import { FreshnessFields } from './FreshnessFields'
import { PartitionFields } from './PartitionFields'
import { useAsset } from './useAsset'

/** What the workflow gives, as an asset of Dagster's. */
export function AssetSection() {
  const { asset, set, replace } = useAsset()
  const name = useEditor((state) => workflowOf(state).name)
  const id = useEditor((state) => workflowOf(state).id)
  const known = useAssets().data?.items ?? []
  const others = known.filter(({ workflowId }) => workflowId === undefined || workflowId !== id)
  return (
    <Section
      title="Asset"
      places={['asset']}
      isOpen={asset !== undefined}
      summary={summarizeAsset(asset) || 'none'}
    >
      <PlacedGroup place="asset" label="Asset in Dagster" hasFieldsOfItsOwn>
        <label className="field-check small">
          <input
            type="checkbox"
            checked={asset !== undefined}
            onChange={(event) => replace(event.target.checked ? newAsset(suggestKey(name)) : undefined)}
          />
          The output of a run is an asset
        </label>
      </PlacedGroup>
      <AssetLinks />
      {isObject(asset) && (
        <>
          <DescribedFields
            place="asset"
            value={asset}
            prefixes={listPrefixes(known.map(({ key }) => key))}
            onChange={set}
          />
          <PlacedGroup place="asset.deps" label="Upstream assets" hint={hintOf('deps')}>
            <TextRows
              what="upstream asset"
              texts={listOf(asset.deps)}
              options={others.map(({ key }) => key)}
              placeholder="raw/tickets"
              onChange={(deps) => set({ deps })}
            />
          </PlacedGroup>
          <PartitionFields partitions={asset.partitions} onChange={(partitions) => set({ partitions })} />
          <AutomationFields automation={asset.automation} onChange={(automation) => set({ automation })} />
          <FreshnessFields freshness={asset.freshness} onChange={(freshness) => set({ freshness })} />
          <CheckList checks={listOf(asset.checks)} onChange={(checks) => set({ checks })} />
        </>
      )}
    </Section>
  )
}
