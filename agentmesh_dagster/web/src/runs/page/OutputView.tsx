import type { Json, JsonObject } from '../../api/types'
import type { Large } from '../../api/whole'
import { isObject, readJson } from '../../schema/json'
import { CopyButton } from '../../ui/CopyButton'
import { JsonView } from '../../ui/JsonView'
import { LargeView } from './LargeView'

interface Props {
  value: Json | undefined
  label: string
}

/** What a step gave: the text of a model as text, and what else there is as JSON. */
export function OutputView({ value, large, label }: Props & { large?: Large }) {
  return (
    <LargeView value={value} large={large} label={label}>
      {(all) => <Output value={all} label={label} />}
    </LargeView>
  )
}

function Output({ value, label }: Props) {
  const text = readText(value)
  const isReply = isObject(value) && 'raw' in value // what the provider said of it is seldom looked at
  const openLevels = isReply ? 1 : 2
  if (text === undefined) return <JsonView value={value} label={label} openLevels={openLevels} />
  const others = listOthers(value)
  return (
    <div className="stack">
      <p className="output-text card" dir="auto">
        {text}
      </p>
      {Object.keys(others).length > 0 ? (
        <JsonView value={others} copied={value} label={label} openLevels={openLevels} />
      ) : (
        <div className="output-copy">
          <CopyButton text={() => text} what={label} />
        </div>
      )}
    </div>
  )
}

/** What an output has beside its text, which is shown already. */
function listOthers(value: Json | undefined): JsonObject {
  if (!isObject(value)) return {}
  const { text: _, ...others } = value
  return others
}

/** The text of an agent or a tool; undefined where it is JSON, and stands in the fields anyway. */
function readText(value: Json | undefined): string | undefined {
  const text = isObject(value) ? value['text'] : undefined
  return typeof text !== 'string' || text === '' || 'value' in readJson(text) ? undefined : text
}
