import { useState } from 'react'
import { useTryTool } from '../api/catalogue'
import type { Json, Tool } from '../api/types'
import { findFaults, initialValue } from '../schema/form'
import { Icon } from '../ui/icons'
import { JsonView } from '../ui/JsonView'
import { Fault } from '../ui/states'
import { ValueEditor } from '../ui/ValueEditor'

/** One call of the tool as it is saved; nothing is stored, but what it calls is really called. */
export function TryTool({ tool, hasChanges }: { tool: Tool; hasChanges: boolean }) {
  const schema = Object.keys(tool.inputSchema).length > 0 ? tool.inputSchema : undefined
  const [input, setInput] = useState<Json | undefined>(() => (schema ? initialValue(schema) : {}))
  const [isBroken, setBroken] = useState(false)
  const trial = useTryTool(tool.id)
  const needsApproval = tool.approval === 'always'
  const faults = schema ? findFaults(schema, input) : undefined
  return (
    <section className="card stack" aria-label="Test">
      <h2>Test</h2>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          trial.mutate(input ?? {})
        }}
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
        <div>
          <button type="submit" className="button" disabled={isBroken || trial.isPending || needsApproval}>
            <Icon name="play" />
            {trial.isPending ? 'Testing …' : 'Test'}
          </button>
        </div>
      </form>
      <div aria-live="polite" className="stack live">
        {trial.error && <Fault error={trial.error} />}
        {trial.data && <JsonView value={trial.data.output} label="Output" />}
      </div>
    </section>
  )
}
