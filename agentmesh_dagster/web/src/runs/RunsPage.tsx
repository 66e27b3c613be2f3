import { useState } from 'react'
import { Link } from 'wouter'
import { useEveryEntity } from '../api/catalogue'
import { useRuns } from '../api/runs'
import type { RunStatus } from '../api/types'
import { addresses } from '../app/addresses'
import { Page } from '../app/Page'
import { useFilters } from '../app/place'
import { RunTable } from './RunTable'
import { CheckFilter, FilterBar, SelectFilter, TextFilter } from '../ui/Filters'
import { Empty, Loaded } from '../ui/states'
import { statusWord } from '../ui/statusWords'
import { ShowMore } from '../ui/Table'

const LOOK_EVERY_MS = 3_000
const STATUSES: readonly RunStatus[] = ['pending', 'running', 'succeeded', 'failed', 'canceled']

/** All runs, or those that fit the filters; live. */
export function RunsPage() {
  const [filters, change] = useFilters()
  const { project = '', workflow = '', status = '', waiting = '', caught = '', parent = '' } = filters
  const { asset = '', partition = '', backfill = '' } = filters
  const ofAsset = { asset, partition, backfillId: backfill }
  const runs = useRuns(
    {
      projectId: project,
      workflowId: workflow,
      status,
      waiting,
      hasCaught: caught,
      parentRunId: parent,
      ...ofAsset,
    },
    LOOK_EVERY_MS,
  )
  const projects = useEveryEntity('projects').data ?? []
  const workflows = useEveryEntity('workflows').data ?? []
  const inProject = workflows.filter((one) => project === '' || one.projectId === project)
  const assets = inProject.flatMap((one) => (one.asset ? [one.asset.key] : []))
  const isFiltered = Object.keys(NO_FILTERS).some((name) => filters[name])
  const [picked, setPicked] = useState<readonly string[]>([])
  const onPick = (runId: string, isPicked: boolean) =>
    setPicked((before) => {
      const others = before.filter((id) => id !== runId)
      return isPicked ? [...others, runId].slice(-2) : others // the last two
    })
  const clear = (
    <button type="button" className="button" onClick={() => change(NO_FILTERS)}>
      Show all runs
    </button>
  )
  return (
    <Page title="Runs" actions={picked.length > 0 && <CompareLink picked={picked} runs={runs} />}>
      <FilterBar>
        <SelectFilter
          label="Project"
          all="All projects"
          value={project}
          options={projects.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ project: value, workflow: '' })}
        />
        <SelectFilter
          label="Workflow"
          all="All workflows"
          value={workflow}
          options={inProject.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ workflow: value })}
        />
        <SelectFilter
          label="Status"
          all="Any status"
          value={status}
          options={STATUSES.map((value) => ({ value, label: statusWord(value) }))}
          onChange={(value) => change({ status: value })}
        />
        {(assets.length > 0 || asset !== '') && (
          <>
            <SelectFilter
              label="Asset"
              all="Any asset, or none"
              value={asset}
              options={assets.toSorted().map((key) => ({ value: key, label: key }))}
              onChange={(value) => change({ asset: value, partition: '' })}
            />
            {(asset !== '' || partition !== '') && (
              <TextFilter
                label="Partition"
                value={partition}
                onChange={(value) => change({ partition: value })}
              />
            )}
          </>
        )}
        <CheckFilter
          label="Waiting for a person"
          isOn={waiting === 'true'}
          onChange={(isOn) => change({ waiting: isOn ? 'true' : '' })}
        />
        <CheckFilter
          label="Caught a fault"
          isOn={caught === 'true'}
          onChange={(isOn) => change({ caught: isOn ? 'true' : '' })}
        />
        {parent !== '' && (
          <CheckFilter
            label={`For steps of run ${parent.slice(0, 8)}`}
            isOn
            onChange={() => change({ parent: '' })}
          />
        )}
        {backfill !== '' && (
          <CheckFilter label={`Of backfill ${backfill}`} isOn onChange={() => change({ backfill: '' })} />
        )}
      </FilterBar>
      <Loaded query={runs}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          if (items.length === 0) {
            return isFiltered ? (
              <Empty title="No run fits" action={clear}>
                Other filters may show more.
              </Empty>
            ) : (
              <Empty title="No runs yet">
                Open a workflow and press Run. Runs of schedules and triggers are listed here too.
              </Empty>
            )
          }
          return (
            <>
              <RunTable runs={items} picked={new Set(picked)} onPick={onPick} />
              <ShowMore list={runs} />
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}

/** To the comparison of the two runs that were picked; the older one stands first. */
function CompareLink({ picked, runs }: { picked: readonly string[]; runs: ReturnType<typeof useRuns> }) {
  const listed = runs.data?.pages.flatMap((page) => page.items.map(({ id }) => id)) ?? []
  const [newer, older] = listed.filter((id) => picked.includes(id))
  if (newer === undefined || older === undefined)
    return <span className="muted">Pick another run to compare it with.</span>
  return (
    <Link href={addresses.compareRuns(older, newer)} className="button button-primary">
      Compare 2 runs
    </Link>
  )
}

const NO_FILTERS = {
  project: '',
  workflow: '',
  status: '',
  waiting: '',
  caught: '',
  parent: '',
  asset: '',
  partition: '',
  backfill: '',
}
