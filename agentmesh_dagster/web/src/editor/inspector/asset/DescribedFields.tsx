import { useId } from 'react'
import type { AssetPart } from '../../../graph/assets'
import { listOf } from '../../../graph/assets'
import { isObject } from '../../../schema/json'
import { assetHint } from '../../../types/types'
import { hintOf } from './hintOf'
import { LinesInput } from '../../../ui/LinesInput'
import { PairRows } from '../../../ui/PairRows'
import { PlacedField, useFault } from '../PlacedField'
import { Section } from '../Section'

interface Props {
  /** Where the asset is in the workflow: `asset`. */
  place: string
  value: AssetPart
  /** How keys may begin, as others do. */
  prefixes: readonly string[]
  onChange: (fields: Partial<AssetPart>) => void
}

/** The key of an asset, and what the catalogue says of it. */
export function DescribedFields({ place, value, prefixes, onChange }: Props) {
  const listId = useId()
  const tagFault = useFault(`${place}.tags`)
  const { key, description, group, owners, tags, kinds } = value
  const isDescribed = Boolean(
    group || listOf(owners).length || listOf(kinds).length || Object.keys(tags ?? {}).length,
  )
  return (
    <>
      <PlacedField place={`${place}.key`} label="Key" hint={hintOf('key')} isRequired>
        {(field) => (
          <>
            <input
              {...field}
              className="input mono"
              list={listId}
              autoComplete="off"
              spellCheck={false}
              value={typeof key === 'string' ? key : ''}
              onChange={(event) => onChange({ key: event.target.value })}
            />
            <datalist id={listId}>
              {prefixes.map((prefix) => (
                <option key={prefix} value={prefix}>
                  {prefix}
                </option>
              ))}
            </datalist>
          </>
        )}
      </PlacedField>
      <PlacedField place={`${place}.description`} label="Description" hint={hintOf('description')}>
        {(field) => (
          <textarea
            {...field}
            className="textarea"
            dir="auto"
            rows={2}
            value={description ?? ''}
            onChange={(event) => onChange({ description: event.target.value || undefined })}
          />
        )}
      </PlacedField>
      <Section
        title="Group, owners, tags, kinds"
        places={['group', 'owners', 'tags', 'kinds'].map((name) => `${place}.${name}`)}
        isOpen={isDescribed}
        summary={isDescribed ? undefined : 'none'}
      >
        <PlacedField place={`${place}.group`} label="Group" hint={hintOf('group')}>
          {(field) => (
            <input
              {...field}
              className="input mono"
              autoComplete="off"
              value={group ?? ''}
              onChange={(event) => onChange({ group: event.target.value || undefined })}
            />
          )}
        </PlacedField>
        <PlacedField place={`${place}.owners`} label="Owners" hint={<>One a line. {hintOf('owners')}</>}>
          {(field) => (
            <LinesInput
              field={field}
              lines={listOf(owners)}
              placeholder="team:support"
              onChange={(next) => onChange({ owners: next })}
            />
          )}
        </PlacedField>
        <PlacedField place={`${place}.kinds`} label="Kinds" hint={<>One a line. {hintOf('kinds')}</>}>
          {(field) => (
            <LinesInput
              field={field}
              lines={listOf(kinds)}
              placeholder="openai"
              onChange={(next) => onChange({ kinds: next })}
            />
          )}
        </PlacedField>
        <div data-place={`${place}.tags`}>
          <PairRows
            label="Tags"
            hint={assetHint('tags')}
            pairs={isObject(tags) ? tags : {}}
            fault={tagFault}
            onChange={(next) => onChange({ tags: (next ?? {}) as AssetPart['tags'] })}
          />
        </div>
      </Section>
    </>
  )
}
