import { useCallback, useMemo } from 'react'
import { Link } from 'wouter'
import { usePinnedWorkflow } from '../../api/runs'
import { addresses } from '../../app/addresses'
import { Page, useTitle } from '../../app/Page'
import { useFilters } from '../../app/place'
import type { RunStep } from '../live/runSteps'
import { useLiveRun } from '../live/useLiveRun'
import type { LiveRunView } from '../live/useLiveRun'
import { Fault, Loading } from '../../ui/states'
import { Tabs } from '../../ui/Tabs'
import { NodePanel } from './NodePanel'
import { readPlace, writeChosen, writeView } from './place'
import type { RunPlace, Selection, StepTab } from './place'
import { readRegions } from './regions'
import type { Regions } from './regions'
import { readItems } from './rows'
import { RunGraph } from './RunGraph'
import { RunHead } from './RunHead'
import { RunPanel } from './RunPanel'
import { Timeline } from './Timeline'
import { useItemLists } from './useItemLists'
import './RunPage.css'

/** One run, live: its graph or its timeline, and beside it the chosen step or the run as a whole. */
export default function RunPage({ id }: { id: string }) {
  const { view, error, refetch } = useLiveRun(id)
  const pinned = usePinnedWorkflow(id) // asked for at the same time
  if (view && !pinned.isPending) return <RunView view={view} />
  return (
    <Page title="Run" trail={<Link href={addresses.runs()}>Runs</Link>}>
      {error ? <Fault error={error} onRetry={refetch} /> : <Loading rows={8} what="Loading the run" />}
    </Page>
  )
}

const VIEWS = [
  { key: 'graph', label: 'Graph' },
  { key: 'timeline', label: 'Timeline' },
] as const

function RunView({ view }: { view: LiveRunView }) {
  const { run, stream, error } = view
  const pinned = usePinnedWorkflow(run.id)
  const regions = useMemo(() => readRegions(pinned.data?.regions ?? []), [pinned.data])
  const steps = useItemLists(view.steps, regions)
  const [filters, change] = useFilters()
  const place = useMemo(() => readPlace(filters), [filters])
  const onChoose = useCallback((chosen: Selection | undefined) => change(writeChosen(chosen)), [change])
  const onNode = useCallback(
    (nodeId: string | undefined) => onChoose(nodeId === undefined ? undefined : { nodeId, item: null }),
    [onChoose],
  )
  useTitle(pinned.data ? `${pinned.data.workflow.name}, run` : 'Run')
  const graph = pinned.data?.workflow.graph
  return (
    <div className="run">
      <RunHead run={run} pinned={pinned.data} steps={steps} stream={stream} error={error} onGate={onNode} />
      <div className="run-body">
        <div className="run-main">
          <Tabs
            label="Views of the run"
            tabs={VIEWS}
            chosen={place.view}
            onChoose={(key) => change(writeView(key))}
          >
            {graph === undefined ? (
              <div className="run-wait">
                {pinned.error ? (
                  <Fault error={pinned.error} onRetry={pinned.refetch} />
                ) : (
                  <Loading what="Loading the graph" />
                )}
              </div>
            ) : place.view === 'graph' ? (
              <RunGraph
                graph={graph}
                layout={pinned.data?.workflow.layout}
                steps={steps}
                chosenId={place.chosen?.nodeId}
                onChoose={onNode}
              />
            ) : (
              <Timeline
                run={run}
                graph={graph}
                regions={regions}
                steps={steps}
                chosen={place.chosen}
                onChoose={onChoose}
              />
            )}
          </Tabs>
        </div>
        <aside className="run-side" aria-label={place.chosen ? 'The chosen step' : 'The run'}>
          <Side
            view={view}
            steps={steps}
            place={place}
            graph={graph}
            regions={regions}
            onChoose={onChoose}
            onTab={(tab) => change({ tab })}
          />
        </aside>
      </div>
    </div>
  )
}

interface SideProps {
  view: LiveRunView
  steps: readonly RunStep[]
  place: RunPlace
  graph: Parameters<typeof RunGraph>[0]['graph'] | undefined
  regions: Regions
  onChoose: (chosen: Selection | undefined) => void
  onTab: (tab: StepTab) => void
}

/** The chosen node, or the run where none is chosen. */
function Side({ view, steps, place: { chosen, tab }, graph, regions, onChoose, onTab }: SideProps) {
  const { run, events, refresh } = view
  const node = chosen && graph?.nodes.find(({ id }) => id === chosen.nodeId)
  const own = useMemo(() => steps.filter(({ nodeId }) => nodeId === chosen?.nodeId), [steps, chosen?.nodeId])
  const each = regions.get(chosen?.nodeId ?? '')
  const items = useMemo(() => (each ? readItems(steps, each) : []), [steps, each])
  if (!chosen || !node) return <RunPanel run={run} steps={steps} />
  return (
    <>
      <button
        type="button"
        className="button button-quiet button-small panel-back"
        onClick={() => onChoose(undefined)}
      >
        Back to run
      </button>
      <NodePanel
        key={node.id}
        runId={run.id}
        node={node}
        steps={own}
        items={items}
        chosen={chosen}
        events={events}
        tab={tab}
        onTab={onTab}
        onChoose={onChoose}
        onMissing={refresh}
      />
    </>
  )
}
