import { useState } from 'react'
import { Link } from 'wouter'
import { useNameOf } from '../api/catalogue'
import { useDrafts } from '../api/drafts'
import { useMay } from '../api/session'
import type { ListedDraft, ListedWorkflow, Run } from '../api/types'
import { addresses } from '../app/addresses'
import { DraftChip } from './DraftList'
import { RunDialog } from '../runs/RunDialog'
import { RunStatus } from '../runs/RunTable'
import { useLastRuns } from '../runs/useLastRuns'
import { Icon } from '../ui/icons'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'
import { Time } from '../ui/Time'
import { Message } from '../ui/Message'

interface Props {
  workflows: readonly ListedWorkflow[]
  /** The project that they are all of; undefined shows each one's. */
  projectId?: string
}

/** Workflows with their last run, to open and to run. */
export function WorkflowTable({ workflows, projectId }: Props) {
  const [chosen, setChosen] = useState<ListedWorkflow>()
  const lastRuns = useLastRuns(
    workflows.map(({ id }) => id),
    projectId,
  )
  const nameOf = useNameOf('projects')
  const mayEdit = useMay('edit')
  const { data: drafts } = useDrafts(projectId)
  const draftOf = (id: string) => drafts?.items.find((draft) => draft.kind === 'workflow' && draft.id === id)

  const project: Column<ListedWorkflow> = {
    key: 'project',
    head: 'Project',
    width: '160',
    cell: (workflow) => (
      <Link href={addresses.project(workflow.projectId)} className="truncate" dir="auto">
        {nameOf(workflow.projectId)}
      </Link>
    ),
  }
  const columns: Column<ListedWorkflow>[] = [
    {
      key: 'name',
      head: 'Name',
      cell: (workflow) => <Name workflow={workflow} draft={draftOf(workflow.id)} />,
    },
    ...(projectId === undefined ? [project] : []),
    {
      key: 'run',
      head: 'Last run',
      width: '250',
      cell: (workflow) => <LastRun run={lastRuns.get(workflow.id)} />,
    },
    {
      key: 'saved',
      head: 'Saved',
      width: '180',
      cell: (workflow) => (
        <span className="muted">
          <Time at={workflow.updatedAt} /> · r{workflow.revision}
        </span>
      ),
    },
    {
      key: 'actions',
      head: 'Actions',
      isHeadHidden: true,
      width: '170',
      align: 'end',
      cell: (workflow) => (
        <div className="row">
          <Link
            href={addresses.workflow(workflow.id)}
            className="button button-small"
            aria-label={`Edit ${workflow.name}`}
          >
            {mayEdit ? 'Edit' : 'Open'}
          </Link>
          {mayEdit && (
            <button
              type="button"
              className="button button-small"
              aria-label={`Run ${workflow.name}`}
              onClick={() => setChosen(workflow)}
            >
              <Icon name="play" size={13} />
              Run
            </button>
          )}
        </div>
      ),
    },
  ]
  return (
    <>
      <Table label="Workflows" columns={columns} rows={workflows} keyOf={(workflow) => workflow.id} />
      {chosen && <RunDialog workflow={chosen} onClose={() => setChosen(undefined)} />}
    </>
  )
}

function Name({ workflow, draft }: { workflow: ListedWorkflow; draft: ListedDraft | undefined }) {
  return (
    <>
      <span className="row">
        <Link href={addresses.workflow(workflow.id)} className="table-name" dir="auto" title={workflow.name}>
          {workflow.name}
        </Link>
        {draft && <DraftChip draft={draft} />}
      </span>
      {workflow.asset && (
        <span className="table-sub muted small truncate" dir="auto">
          Asset {workflow.asset.key}
        </span>
      )}
      {workflow.job?.problem && (
        <span className="table-sub small workflow-problem" dir="auto">
          <Icon name="warning" size={12} /> No Dagster job: <Message text={workflow.job.problem} />
        </span>
      )}
      {workflow.description && (
        <span className="table-sub muted small truncate" dir="auto" title={workflow.description}>
          {workflow.description}
        </span>
      )}
    </>
  )
}

function LastRun({ run }: { run: Run | null | undefined }) {
  if (!run) return <span className="muted">{run === null ? 'Never run' : ''}</span>
  return (
    <Link href={addresses.run(run.id)} className="row">
      <RunStatus run={run} />
      <Time at={run.startedAt} />
    </Link>
  )
}
