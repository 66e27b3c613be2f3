import { useState } from 'react'
import { useTryTool } from '../api/catalogue'
import type { Json, Tool } from '../api/types'
import { findFaults, initialValue } from '../schema/form'
import { JsonView } from '../ui/JsonView'
import { ValueEditor } from '../ui/ValueEditor'
import type { TrialProps } from './EntityPage'
import { TrialCard } from './TrialCard'

/** One call of the tool; nothing is stored, but what it calls is really called. */
export function TryTool(props: TrialProps<Tool>) {
  return <Trial key={JSON.stringify(props.entity.inputSchema)} {...props} />
}

function Trial({ entity: tool, hasChanges }: TrialProps<Tool>) {
  const schema = Object.keys(tool.inputSchema).length > 0 ? tool.inputSchema : undefined
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
