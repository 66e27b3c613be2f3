import { useState } from 'react'
import { useLocation } from 'wouter'
import { Problem } from '../../api/problem'
import { useForkRun, usePinnedWorkflow, useRun, useSteps } from '../../api/runs'
import type { GraphNode, Json, PinnedWorkflow, Run, Step } from '../../api/types'
import { largeOf } from '../../api/whole'
import { addresses } from '../../app/addresses'
import { titleOf } from '../../graph/edits'
import { areEqual } from '../../schema/json'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/icons'
import { IssueList } from '../../ui/IssueList'
import { Fault, Loaded } from '../../ui/states'
import { GivenValue } from './GivenValue'
import { hasAnswers, listEditable } from './forking'

interface Props {
  runId: string
  node: GraphNode
  path: string
  onClose: () => void
}

/** Asks for what a new run from a step on is given, and starts it; then goes to its page. */
export function ForkDialog(props: Props) {
  const run = useRun(props.runId)
  const pinned = usePinnedWorkflow(props.runId)
  const steps = useSteps(props.runId)
  return (
    <Loaded query={run}>
      {(forked) => (
        <Loaded query={pinned}>
          {(workflow) => (
            <Loaded query={steps}>
              {(listed) => <Form {...props} run={forked} pinned={workflow} steps={listed} />}
            </Loaded>
          )}
        </Loaded>
      )}
    </Loaded>
  )
}

interface FormProps extends Props {
  run: Run
  pinned: PinnedWorkflow
  steps: readonly Step[]
}

function Form({ run, pinned, steps, node, path, onClose }: FormProps) {
  const { graph, inputSchema } = pinned.workflow
  const [input, setInput] = useState<Json>()
  const [outputs, setOutputs] = useState<ReadonlyMap<string, Json>>(NONE)
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set())
  const [revision, setRevision] = useState<'same' | 'newest'>('same')
  const fork = useForkRun(run.id)
  const [, navigate] = useLocation()
  const editable = listEditable(graph, steps, node.id, path)
  const title = titleOf(node)

  const breakAt = (key: string, isBroken: boolean) =>
    setBroken((before) => new Set([...before].filter((one) => one !== key).concat(isBroken ? [key] : [])))
  const give = (nodeId: string, output: Json | undefined) =>
    setOutputs((before) => {
      const next = new Map(before)
      if (output === undefined) next.delete(nodeId)
      else next.set(nodeId, output)
      return next
    })
  const submit = () =>
    fork.mutate(
      {
        fromNodeId: node.id,
        path,
        outputs: Object.fromEntries(outputs),
        ...(input !== undefined && { input }),
        revision,
      },
      { onSuccess: ({ runId }) => navigate(addresses.run(runId)) },
    )
  return (
    <Dialog
      title={`Fork from ${title}`}
      size="large"
      onClose={onClose}
      isBusy={fork.isPending}
      actions={
        <>
          <span className="grow" />
          <button type="button" className="button" disabled={fork.isPending} onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="button button-primary"
            disabled={broken.size > 0 || fork.isPending}
            onClick={submit}
          >
            <Icon name="branch" />
            {fork.isPending ? 'Starting …' : 'Start fork'}
          </button>
        </>
      }
    >
      <div className="stack">
        <p className="muted">
          A new run takes over what stands before this step{path && `, at ${path}`}, and executes it with all
          behind it. This run stays as it is.
        </p>
        <label className="row row-wrap">
          <span className="field-label">Revision</span>
          <select
            className="select fork-revision"
            value={revision}
            onChange={(event) => setRevision(event.target.value === 'newest' ? 'newest' : 'same')}
          >
            <option value="same">r{run.revision}, that of this run</option>
            <option value="newest">the newest: what has changed since is executed too</option>
          </select>
        </label>
        <GivenValue
          label="Input of the run"
          schema={inputSchema}
          value={run.input ?? null}
          large={largeOf(run.cut?.['input'], { of: 'run', id: run.id, field: 'input' })}
          given={input}
          onGive={(value) => setInput(areEqual(value, run.input ?? null) ? undefined : value)}
          onFault={(isBroken) => breakAt('input', isBroken)}
        />
        {input !== undefined && (
          <p className="notice notice-warn">
            With another input nothing is taken over: the new run begins at its start.
          </p>
        )}
        <h3>Outputs before this step</h3>
        {editable.length === 0 && <p className="muted">There is none that could be edited.</p>}
        {editable.map(({ node: before, step }) => (
          <GivenValue
            key={before.id}
            label={`Output of ${titleOf(before)}`}
            value={step.output ?? null}
            large={largeOf(step.cut?.['output'], { of: 'step', id: step.id, field: 'output' })}
            given={outputs.get(before.id)}
            onGive={(value) => give(before.id, areEqual(value, step.output ?? null) ? undefined : value)}
            onFault={(isBroken) => breakAt(before.id, isBroken)}
          />
        ))}
        {outputs.size > 0 && hasAnswers(graph, steps) && (
          <p className="notice">An approval that an edited output leads to is asked for anew.</p>
        )}
        {fork.error && <Fault error={fork.error} />}
        {fork.error instanceof Problem && <IssueList issues={fork.error.issues} />}
      </div>
    </Dialog>
  )
}

const NONE: ReadonlyMap<string, Json> = new Map()
