import type { GraphNode, Json, NodeType } from '../../api/types'
import { descriptionOf } from '../../schema/form'
import { isObject } from '../../schema/json'
import { configField } from '../../types/types'
import { ScalarControl } from '../../ui/ScalarControl'
import { DurationField } from './DurationField'
import { PlacedField } from './PlacedField'
import { Section } from './Section'
import { textOf, useSetConfig, withField } from './useConfig'

const PLACES = ['config.retry', 'config.timeoutSeconds', 'config.pool']

/** What every node may set: retries, a timeout, a pool. */
export function ReliabilityFields({ node }: { node: GraphNode }) {
  const set = useSetConfig(node.id)
  const { config } = node
  const retry = isObject(config['retry']) ? config['retry'] : {}
  const setRetry = (name: string, value: Json | undefined) => set({ retry: withField(retry, name, value) })
  const summary = summarize(node)
  return (
    <Section
      title="Retries, timeout, pool"
      places={PLACES}
      isOpen={summary !== undefined}
      summary={summary ?? 'none'}
    >
      <div className="field-pair">
        <RetryNumber
          label="Max attempts"
          name="maxAttempts"
          retry={retry}
          onChange={setRetry}
          type={node.type}
        />
        <RetryNumber
          label="Delay (seconds)"
          name="delaySeconds"
          retry={retry}
          onChange={setRetry}
          type={node.type}
        />
      </div>
      {Object.keys(retry).length > 0 && (
        <div className="field-pair">
          <RetryChoice label="Backoff" name="backoff" retry={retry} onChange={setRetry} choices={BACKOFFS} />
          <RetryChoice label="Jitter" name="jitter" retry={retry} onChange={setRetry} choices={JITTERS} />
        </div>
      )}
      <DurationField node={node} name="timeoutSeconds" label="Timeout per attempt" />
      <PlacedField place="config.pool" label="Pool" hint={descriptionOf(configField(node.type, 'pool'))}>
        {(field) => (
          <input
            {...field}
            className="input"
            autoComplete="off"
            value={textOf(config['pool'])}
            onChange={(event) => set({ pool: event.target.value || undefined })}
          />
        )}
      </PlacedField>
    </Section>
  )
}

const BACKOFFS: readonly (readonly [Json, string])[] = [
  ['constant', 'Constant'],
  ['linear', 'Linear'],
  ['exponential', 'Exponential'],
]
const JITTERS: readonly (readonly [Json, string])[] = [
  [false, 'No jitter'],
  ['plus_minus', 'Plus or minus'],
  ['full', 'Full jitter'],
]

interface RetryProps {
  label: string
  name: string
  retry: Readonly<Record<string, Json>>
  onChange: (name: string, value: Json | undefined) => void
}

function RetryNumber({ label, name, retry, onChange, type }: RetryProps & { type: NodeType }) {
  const schema = configField(type, `retry.${name}`)
  return (
    <PlacedField place={`config.retry.${name}`} label={label}>
      {(field) => (
        <ScalarControl
          field={field}
          control={{ kind: schema['type'] === 'integer' ? 'integer' : 'number' }}
          schema={schema}
          value={retry[name]}
          onChange={(value) => onChange(name, value)}
          isRequired={false}
        />
      )}
    </PlacedField>
  )
}

/** The first choice is what counts when nothing is set. */
function RetryChoice({ label, name, retry, onChange, choices }: RetryProps & { choices: typeof BACKOFFS }) {
  const given = retry[name] === true ? 'plus_minus' : (retry[name] ?? choices[0]?.[0])
  const chosen = choices.findIndex(([value]) => value === given)
  return (
    <PlacedField place={`config.retry.${name}`} label={label}>
      {(field) => (
        <select
          {...field}
          className="select"
          value={chosen}
          onChange={(event) => {
            const at = Number(event.target.value)
            onChange(name, at === 0 ? undefined : choices[at]?.[0])
          }}
        >
          {chosen < 0 && <option value={-1}>{textOf(given)}</option>}
          {choices.map(([value, words], at) => (
            <option key={String(value)} value={at}>
              {words}
            </option>
          ))}
        </select>
      )}
    </PlacedField>
  )
}

function summarize({ config }: GraphNode): string | undefined {
  const { retry, timeoutSeconds, pool } = config
  const parts = [
    isObject(retry) ? `${textOf(retry['maxAttempts']) || 1} attempts` : '',
    timeoutSeconds === undefined ? '' : `${textOf(timeoutSeconds)} s`,
    pool === undefined ? '' : textOf(pool),
  ].filter(Boolean)
  return parts.length > 0 ? parts.join(', ') : undefined
}
