import { useState } from 'react'
import { useLocation } from 'wouter'
import { useEntity } from '../../api/catalogue'
import { Problem, describeError } from '../../api/problem'
import { useCancelRun, useRetryRun, useStartRun } from '../../api/runs'
import { useAbout, useMay } from '../../api/session'
import type { Json, PinnedWorkflow, Run } from '../../api/types'
import { readWhole } from '../../api/whole'
import { addresses } from '../../app/addresses'
import { useToast } from '../../app/toasts'
import { RunDialog } from '../RunDialog'
import { ConfirmDialog } from '../../ui/Dialog'
import { Icon } from '../../ui/icons'

/** Cancel, retry, run again, open in Dagster. */
export function RunActions({ run, pinned }: { run: Run; pinned: PinnedWorkflow | undefined }) {
  const [asks, setAsks] = useState<'cancel' | { input: Json }>()
  const mayEdit = useMay('edit')
  const newest = useEntity('workflows', run.workflowId)
  const again = useStartRun(run.workflowId)
  const retry = useRetryRun(run.id)
  const [, navigate] = useLocation()
  const say = useToast()
  const isGone = newest.error instanceof Problem && newest.error.status === 404
  const isOver = run.status !== 'running' && run.status !== 'pending'
  const mayNot = isGone ? 'The workflow was deleted' : mayEdit ? undefined : 'Your role may not start runs'

  const withInput = (then: (input: Json) => void) => {
    if (run.cut?.['input'] === undefined) then(run.input ?? null)
    else
      readWhole({ of: 'run', id: run.id, field: 'input' }).then(then, (error: unknown) =>
        say({ text: describeError(error), kind: 'bad' }),
      )
  }
  const makes = { materialize: true, ...(run.partition !== undefined && { partition: run.partition }) }
  const runAgain = (input: Json) =>
    again.mutate(run.asset === undefined ? { input } : makes, {
      onSuccess: ({ runId }) => navigate(addresses.run(runId)),
      onError: (error) => {
        say({ text: describeError(error), kind: 'bad' })
        if (error instanceof Problem && error.status === 422) setAsks({ input }) // it does not fit any more
      },
    })
  const retryRun = () =>
    retry.mutate(undefined, {
      onSuccess: () => say({ text: 'The run goes on from what failed.' }),
      onError: (error) => say({ text: describeError(error), kind: 'bad' }),
    })
  return (
    <div className="row run-actions">
      <TraceLink run={run} />
      <DagsterLink run={run} pinned={pinned} />
      {!isOver && mayEdit && (
        <button type="button" className="button button-danger" onClick={() => setAsks('cancel')}>
          <Icon name="stop" size={14} />
          Cancel run
        </button>
      )}
      {run.status === 'failed' && mayEdit && (
        <button
          type="button"
          className="button"
          disabled={retry.isPending}
          title="Continues this run from what failed: finished steps stay, approvals are asked anew"
          onClick={retryRun}
        >
          <Icon name="redo" size={14} />
          Retry from failed step
        </button>
      )}
      <button
        type="button"
        className="button"
        disabled={mayNot !== undefined || newest.data === undefined}
        title={mayNot ?? 'Starts the newest revision, with this input to edit'}
        onClick={() => withInput((input) => setAsks({ input }))}
      >
        <Icon name="edit" size={14} />
        Edit input
      </button>
      <button
        type="button"
        className="button button-primary"
        disabled={mayNot !== undefined || again.isPending}
        title={mayNot ?? AGAIN[run.asset === undefined ? 'run' : 'asset'].title}
        onClick={() => withInput(runAgain)}
      >
        <Icon name="play" size={14} />
        {AGAIN[run.asset === undefined ? 'run' : 'asset'].word}
      </button>
      {asks === 'cancel' && <CancelDialog runId={run.id} onClose={() => setAsks(undefined)} />}
      {typeof asks === 'object' && newest.data && (
        <RunDialog
          workflow={newest.data}
          initialInput={asks.input}
          initialMaking={
            run.asset === undefined ? undefined : { partition: run.partition ?? '', hasInput: true }
          }
          onClose={() => setAsks(undefined)}
        />
      )}
    </div>
  )
}

const AGAIN = {
  run: { word: 'Run again', title: 'Starts the newest revision with the same input' },
  asset: {
    word: 'Materialize again',
    title: 'Starts the newest revision for the same partition; its input follows from that and from upstream',
  },
} as const

function CancelDialog({ runId, onClose }: { runId: string; onClose: () => void }) {
  const cancel = useCancelRun(runId)
  const say = useToast()
  const onConfirm = () =>
    cancel.mutate(undefined, {
      onSettled: onClose,
      onError: (error) => say({ text: describeError(error), kind: 'bad' }),
    })
  return (
    <ConfirmDialog
      title="Cancel this run?"
      verb="Cancel the run"
      onConfirm={onConfirm}
      onClose={onClose}
      isBusy={cancel.isPending}
    >
      What is at work is stopped, and what waits for an answer is closed. The run cannot go on afterwards.
    </ConfirmDialog>
  )
}

/** To the run's trace, where the operator has said in which page traces are looked at. */
function TraceLink({ run }: { run: Run }) {
  const { data: about } = useAbout()
  const to = about?.traceUrl?.replaceAll('{traceId}', run.id.replaceAll('-', ''))
  return to ? <OutsideLink to={to}>Trace</OutsideLink> : null
}

/** To the newest launch in Dagster's UI. */
function DagsterLink({ run, pinned }: { run: Run; pinned: PinnedWorkflow | undefined }) {
  const { data: about } = useAbout()
  const newest = run.launches.at(-1)
  const to = about && newest ? `${about.dagsterUrl.replace(/\/$/, '')}/runs/${newest}` : pinned?.dagsterRunUrl
  return to ? <OutsideLink to={to}>Open in Dagster</OutsideLink> : null
}

function OutsideLink({ to, children }: { to: string; children: string }) {
  return (
    <a className="button" href={to} target="_blank" rel="noopener">
      {children}
      <Icon name="outside" size={13} />
      <span className="visually-hidden">, opens in a new tab</span>
    </a>
  )
}
