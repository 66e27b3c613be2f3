import { useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { Problem } from '../api/problem'
import { useStartRun } from '../api/runs'
import type { Json, Workflow } from '../api/types'
import { addresses } from '../app/addresses'
import { findFaults, initialValue } from '../schema/form'
import { areEqual } from '../schema/json'
import { readServerFaults } from '../schema/serverFaults'
import { Dialog } from '../ui/Dialog'
import { focusFirstFault } from '../ui/focusFirstFault'
import { Icon } from '../ui/icons'
import { IssueList } from '../ui/IssueList'
import { Fault } from '../ui/states'
import { ValueEditor } from '../ui/ValueEditor'
import { partitionKind } from '../graph/assets'
import { MaterializeFields } from './MaterializeFields'
import type { Making } from './MaterializeFields'
import { keepLastInput, readLastInput } from './lastInputs'

interface Props {
  workflow: Pick<Workflow, 'id' | 'name' | 'inputSchema' | 'asset'>
  onClose: () => void
  /** "Run again": what the form starts with, instead of the last input. */
  initialInput?: Json
  /** What the form is set to make at first. */
  initialMaking?: Making
}

/** Asks for a run's input and starts it; then goes to its page. */
export function RunDialog({ workflow, onClose, initialInput, initialMaking }: Props) {
  const schema = workflow.inputSchema
  const first = () => (schema ? initialValue(schema) : undefined)
  const [input, setInput] = useState<Json | undefined>(
    () => initialInput ?? readLastInput(workflow.id) ?? first(),
  )
  const [making, setMaking] = useState(initialMaking)
  const { asset } = workflow
  const isMaking = asset !== undefined && making !== undefined
  const hasInput = !isMaking || making.hasInput
  const needsPartition =
    isMaking && partitionKind(asset.partitions) !== 'none' && making.partition.trim() === ''
  const [isBroken, setBroken] = useState(false)
  const [wasTried, setTried] = useState(false)
  const start = useStartRun(workflow.id)
  const [, navigate] = useLocation()
  const form = useRef<HTMLFormElement>(null)
  const own = schema && hasInput ? findFaults(schema, input ?? {}) : NO_FAULTS
  const refused = start.error instanceof Problem && start.error.status === 422 ? start.error : undefined
  const said =
    refused && areEqual(start.variables?.input, input) ? readServerFaults(refused.detail) : NO_FAULTS
  const faults = new Map([...said, ...own])

  const submit = () => {
    setTried(true)
    if (own.size > 0) focusFirstFault(form.current)
    if ((hasInput && isBroken) || own.size > 0 || needsPartition) return
    const given = input ?? (schema ? {} : null)
    const partition = making?.partition.trim()
    const makes = isMaking ? { materialize: true, ...(partition && { partition }) } : {}
    start.mutate(hasInput ? { input: given, ...makes } : makes, {
      onSuccess: ({ runId }) => {
        if (hasInput) keepLastInput(workflow.id, given)
        navigate(addresses.run(runId))
      },
      onError: () => focusFirstFault(form.current),
    })
  }
  return (
    <Dialog
      title={`Run ${workflow.name}`}
      onClose={onClose}
      actions={
        <>
          {schema && hasInput && (
            <button
              type="button"
              className="button button-quiet"
              disabled={areEqual(input, first())}
              onClick={() => setInput(first())}
            >
              Use the defaults
            </button>
          )}
          <span className="grow" />
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form="run-input"
            className="button button-primary"
            disabled={(hasInput && isBroken) || start.isPending}
          >
            <Icon name="play" />
            {start.isPending ? 'Starting …' : isMaking ? 'Materialize' : 'Run'}
          </button>
        </>
      }
    >
      <form
        id="run-input"
        ref={form}
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        {asset && (
          <MaterializeFields
            asset={asset}
            making={making}
            fault={wasTried && needsPartition ? 'Required.' : undefined}
            onChange={setMaking}
          />
        )}
        {hasInput && !schema && (
          <p className="muted">The workflow does not say what its input is: any JSON goes.</p>
        )}
        {hasInput && (
          <ValueEditor
            label="Input"
            schema={schema}
            value={input}
            onChange={setInput}
            onFault={setBroken}
            faults={wasTried ? faults : undefined}
          />
        )}
        {wasTried && faults.size > 0 && (
          <p className="field-fault" role="alert">
            {faults.size === 1 ? 'One field needs' : `${faults.size} fields need`} another look.
          </p>
        )}
        {start.error && <Fault error={start.error} />}
        {start.error instanceof Problem && <IssueList issues={start.error.issues} />}
      </form>
    </Dialog>
  )
}

const NO_FAULTS: ReadonlyMap<string, string> = new Map()
