import { useState } from 'react'
import { useFunctions, useTryTool } from '../api/catalogue'
import type { Json, JsonSchema, Tool } from '../api/types'
import { findFaults, initialValue } from '../schema/form'
import { JsonView } from '../ui/JsonView'
import { ValueEditor } from '../ui/ValueEditor'
import type { TrialProps } from './EntityPage'
import { TrialCard } from './TrialCard'

/** One call of the tool; nothing is stored, but what it calls is really called. */
export function TryTool(props: TrialProps<Tool>) {
  const { type, config, inputSchema } = props.entity
  const called = useFunctions().data?.items.find(
    (one) => one.type === type && one.name === config.functionName,
  )
  const schemas = [inputSchema, called?.inputSchema as JsonSchema | undefined]
  const schema = schemas.find((one) => one && Object.keys(one).length > 0)
  return <Trial key={JSON.stringify([config.functionName, schema])} schema={schema} {...props} />
}

interface Props extends TrialProps<Tool> {
  /** The tool's own, else that of what it calls. */
  schema: JsonSchema | undefined
}

function Trial({ entity: tool, hasChanges, schema }: Props) {
  const [input, setInput] = useState<Json | undefined>(() => (schema ? initialValue(schema) : {}))
  const [isBroken, setBroken] = useState(false)
  const trial = useTryTool(tool.id)
  const needsApproval = tool.approval === 'always'
  const faults = schema ? findFaults(schema, input) : undefined
  return (
    <TrialCard
      trial={trial}
      isOff={isBroken || needsApproval}
      onTest={() => trial.mutate(input ?? {})}
      result={trial.data && <JsonView value={trial.data.output} label="Output" />}
    >
      <ValueEditor
        label="Input"
        schema={schema}
        value={input}
        onChange={setInput}
        onFault={setBroken}
        faults={trial.isIdle ? undefined : faults}
      />
      <p className="field-hint">
        {needsApproval
          ? 'It cannot be tested: as it was saved, a person agrees to each call.'
          : hasChanges
            ? 'This calls the tool as it was saved.'
            : 'The call is real; its result is not stored.'}
      </p>
    </TrialCard>
  )
}
