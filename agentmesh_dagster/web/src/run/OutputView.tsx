import type { Json } from '../api/types'
import { isObject, readJson } from '../schema/json'
import { JsonView } from '../ui/JsonView'

/** What a step gave: the text of a model as text, and all of it as JSON. */
export function OutputView({ value, label }: { value: Json | undefined; label: string }) {
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
