import type { Workflow } from '../../api/types'
import { changeWorkflow, workflowOf } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { PlacedField, PlacedGroup } from './PlacedField'

type Concurrency = NonNullable<Workflow['concurrency']>

/** How many runs may be open at once, and what becomes of one more. */
export function ConcurrencyField() {
  const store = useEditorStore()
  const concurrency = useEditor((state) => workflowOf(state).concurrency)
  const write = (next: Concurrency | undefined) =>
    store.change((state) =>
      changeWorkflow(state, (workflow) => ({ ...workflow, concurrency: next }), 'concurrency'),
    )
  return (
    <PlacedGroup
      place="concurrency"
      label="Concurrency"
      hasFieldsOfItsOwn
      hint={concurrency && 'A run that waits for a person is open, too.'}
    >
      <label className="field-check small">
        <input
          type="checkbox"
          checked={concurrency !== undefined}
          onChange={(event) => write(event.target.checked ? { max: 1, onLimit: 'queue' } : undefined)}
        />
        Limit the runs that are open at once
      </label>
      {concurrency && (
        <div className="field-pair">
          <PlacedField place="concurrency.max" label="Max open runs" isRequired>
            {(field) => (
              <input
                {...field}
                className="input"
                type="number"
                min={1}
                step={1}
                value={concurrency.max || ''}
                // An empty field is 0, of which the rules tell that it is too small.
                onChange={(event) => write({ ...concurrency, max: Number(event.target.value) })}
              />
            )}
          </PlacedField>
          <PlacedField place="concurrency.onLimit" label="One more">
            {(field) => (
              <select
                {...field}
                className="select"
                value={concurrency.onLimit}
                onChange={(event) =>
                  write({ ...concurrency, onLimit: event.target.value as Concurrency['onLimit'] })
                }
              >
                <option value="queue">waits for a place</option>
                <option value="skip">is skipped</option>
                <option value="cancelOldest">cancels the oldest</option>
              </select>
            )}
          </PlacedField>
        </div>
      )}
    </PlacedGroup>
  )
}
