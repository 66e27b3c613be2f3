import type { Json } from '../api/types'
import type { Large } from '../api/whole'
import { isObject, readJson } from '../schema/json'
import { JsonView } from '../ui/JsonView'
import { LargeView } from './LargeView'

interface Props {
  value: Json | undefined
  label: string
}

/** What a step gave: the text of a model as text, and all of it as JSON. */
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
  return (
    <div className="stack">
      {text !== undefined && (
        <p className="output-text card" dir="auto">
          {text}
        </p>
      )}
      <JsonView value={value} label={label} openLevels={isReply ? 1 : 2} />
    </div>
  )
}

/** The text of an agent or a tool; undefined where it is JSON, and stands in the fields anyway. */
function readText(value: Json | undefined): string | undefined {
  const text = isObject(value) ? value['text'] : undefined
  return typeof text !== 'string' || text === '' || 'value' in readJson(text) ? undefined : text
}
