import { useId } from 'react'
import type { Workflow } from '../api/types'
import { partitionKind } from '../graph/assets'
import { Field } from '../ui/Field'

/** What a run is to make; undefined: nothing. */
export interface Making {
  partition: string
  /** Whether it has an input of its own, instead of what follows from the run. */
  hasInput: boolean
}

interface Props {
  asset: NonNullable<Workflow['asset']>
  making: Making | undefined
  fault: string | undefined
  onChange: (making: Making | undefined) => void
}

/** Whether a run makes a version of the workflow's asset, and of which partition. */
export function MaterializeFields({ asset, making, fault, onChange }: Props) {
  const listId = useId()
  const kind = partitionKind(asset.partitions)
  return (
    <>
      <label className="field-check">
        <input
          type="checkbox"
          checked={making !== undefined}
          onChange={(event) =>
            onChange(event.target.checked ? { partition: '', hasInput: false } : undefined)
          }
        />
        <span>
          Materialize <span className="mono">{asset.key}</span>
        </span>
      </label>
      {making && kind !== 'none' && (
        <Field label="Partition" isRequired fault={fault}>
          {(field) => (
            <>
              <input
                {...field}
                className="input mono"
                list={listId}
                autoComplete="off"
                placeholder={EXAMPLES[kind]}
                value={making.partition}
                onChange={(event) => onChange({ ...making, partition: event.target.value })}
              />
              <datalist id={listId}>
                {asset.partitions?.static?.map((key) => (
                  <option key={key} value={key}>
                    {key}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
      )}
      {making && (
        <label className="field-check">
          <input
            type="checkbox"
            checked={making.hasInput}
            onChange={(event) => onChange({ ...making, hasInput: event.target.checked })}
          />
          Give another input than what follows from partition and upstream
        </label>
      )}
    </>
  )
}

const EXAMPLES: Readonly<Record<string, string>> = {
  hourly: '2026-11-30-00:00',
  daily: '2026-11-30',
  weekly: '2026-11-29',
  monthly: '2026-11-01',
}
