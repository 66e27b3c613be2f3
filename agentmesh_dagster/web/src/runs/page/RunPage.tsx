import { useCallback, useMemo } from 'react'
import { Link } from 'wouter'
import { usePinnedWorkflow } from '../../api/runs'
import { addresses } from '../../app/addresses'
import { Page, useTitle } from '../../app/Page'
import { useFilters } from '../../app/place'
import { insideOf, readPath, writePath } from '../live/paths'
import type { RunStep } from '../live/runSteps'
import { useLiveRun } from '../live/useLiveRun'
import type { LiveRunView } from '../live/useLiveRun'
import { Empty, Fault, Loading } from '../../ui/states'
import { Tabs } from '../../ui/Tabs'
import { NodePanel } from './NodePanel'
import { readPlace, writeChosen, writeInside, writeView } from './place'
import type { RunPlace, Selection, StepTab } from './place'
import { describePath, levelAt, listEachIds, readLevels } from './levels'
import type { Levels } from './levels'
import { readItems } from './rows'
import { listOtherRounds, viewLevel } from './rounds'
import type { LevelView } from './rounds'
import { RunBar } from './RunBar'
import { RunGraph } from './RunGraph'
import { RunHead } from './RunHead'
import { RunPanel } from './RunPanel'
import { Timeline } from './Timeline'
import { useItemLists } from './useItemLists'
import { useRounds } from './useRounds'
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

const NO_IDS: ReadonlySet<string> = new Set()

function RunView({ view }: { view: LiveRunView }) {
  const { run, stream, error } = view
  const pinned = usePinnedWorkflow(run.id)
  const levels = useMemo(() => pinned.data && readLevels(pinned.data), [pinned.data])
  const steps = useItemLists(
    view.steps,
    useMemo(() => (levels ? listEachIds(levels) : NO_IDS), [levels]),
  )
  const [filters, change] = useFilters()
  const place = useMemo(() => readPlace(filters), [filters])
  const { level, rounds, show } = useRounds(levels, place)
  const shown = useMemo(
    () => level && viewLevel(level, place.inside, steps, rounds),
    [level, place.inside, steps, rounds],
  )
  const onChoose = useCallback((chosen: Selection | undefined) => change(writeChosen(chosen)), [change])
  const onNode = useCallback(
    (nodeId: string | undefined) => {
      // What is shown stays shown: the rounds of a step that was chosen by itself are those of the next one, too.
      show(rounds)
      onChoose(nodeId === undefined ? undefined : { nodeId })
    },
    [onChoose, show, rounds],
  )
  const onInside = useCallback((inside: string) => change(writeInside(inside)), [change])
  const onOpen = useCallback(
    (nodeId: string) => {
      if (shown) onInside(findInside(shown, nodeId, place.inside))
    },
    [shown, onInside, place.inside],
  )
  const onRound = (head: string, round: number | undefined) => {
    const next = new Map(rounds)
    if (round === undefined) next.delete(head)
    else next.set(head, round)
    show(next)
    if (place.chosen?.path !== undefined) onChoose({ nodeId: place.chosen.nodeId })
  }
  useTitle(pinned.data ? `${pinned.data.workflow.name}, run` : 'Run')
  return (
    <div className="run">
      <RunHead
        run={run}
        pinned={pinned.data}
        levels={levels}
        steps={steps}
        stream={stream}
        error={error}
        onGate={onChoose}
      />
      <div className="run-body">
        <div className="run-main">
          <Tabs
            label="Views of the run"
            tabs={VIEWS}
            chosen={place.view}
            onChoose={(key) => change(writeView(key))}
          >
            {levels === undefined ? (
              <div className="run-wait">
                {pinned.error ? (
                  <Fault error={pinned.error} onRetry={pinned.refetch} />
                ) : (
                  <Loading what="Loading the graph" />
                )}
              </div>
            ) : place.view === 'timeline' ? (
              <Timeline
                run={run}
                levels={levels}
                steps={steps}
                chosenStepId={shown && findChosen(place, shown)?.stepId}
                onChoose={onChoose}
              />
            ) : level && shown ? (
              <div className="graph-column">
                <RunBar
                  levels={levels}
                  inside={place.inside}
                  turns={shown.turns}
                  onInside={onInside}
                  onRound={onRound}
                />
                <RunGraph
                  key={place.inside}
                  graph={level.workflow.graph}
                  layout={level.workflow.layout}
                  view={shown}
                  chosenId={place.chosen?.nodeId}
                  onChoose={onNode}
                  onOpen={onOpen}
                />
              </div>
            ) : (
              <Empty title="There is no such sub-workflow">
                <button type="button" className="button" onClick={() => onInside('')}>
                  Show the graph of the run
                </button>
              </Empty>
            )}
          </Tabs>
        </div>
        <aside className="run-side" aria-label={place.chosen ? 'The chosen step' : 'The run'}>
          <Side
            view={view}
            steps={steps}
            place={place}
            levels={levels}
            shown={shown}
            onChoose={onChoose}
            onInside={onInside}
            onTab={(tab) => change({ tab })}
          />
        </aside>
      </div>
    </div>
  )
}

/** The step that is chosen: the only one that is shown of its node, where no path says which. */
function findChosen({ chosen }: RunPlace, { own, shown }: LevelView): RunStep | undefined {
  if (!chosen) return undefined
  if (chosen.path !== undefined) {
    return own.find(({ nodeId, path }) => nodeId === chosen.nodeId && path === chosen.path)
  }
  const steps = shown.filter(({ nodeId }) => nodeId === chosen.nodeId)
  return steps.length === 1 ? steps[0] : undefined
}

/** The inside of what a node calls, in the round that is shown; of several items that of the first one begun. */
function findInside({ calls }: LevelView, nodeId: string, inside: string): string {
  return calls.get(nodeId)?.[0] ?? insideOf({ nodeId, path: inside })
}

interface SideProps {
  view: LiveRunView
  steps: readonly RunStep[]
  place: RunPlace
  levels: Levels | undefined
  shown: LevelView | undefined
  onChoose: (chosen: Selection | undefined) => void
  onInside: (inside: string) => void
  onTab: (tab: StepTab) => void
}

/** The chosen node, or the run where none is chosen. */
function Side({ view, steps, place, levels, shown, onChoose, onInside, onTab }: SideProps) {
  const { run, events, refresh } = view
  const { chosen, inside, tab } = place
  const level = levels && levelAt(levels, inside)
  const node = chosen && level?.nodes.get(chosen.nodeId)
  const own = useMemo(
    () => shown?.shown.filter(({ nodeId }) => nodeId === chosen?.nodeId) ?? [],
    [shown, chosen?.nodeId],
  )
  const each = level?.regions.get(chosen?.nodeId ?? '')
  const items = useMemo(
    () => (each ? readItems(steps, each, aroundItem(own[0]?.path ?? inside)) : []),
    [steps, each, own, inside],
  )
  if (!chosen || !node || !levels || !shown) return <RunPanel run={run} steps={steps} />
  const step = findChosen(place, shown)
  const opened = step && shown.calls.get(node.id)?.find((call) => call === insideOf(step))
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
        key={`${inside} ${node.id}`}
        runId={run.id}
        node={node}
        steps={own}
        step={step}
        isReached={shown.own.some(({ nodeId }) => nodeId === node.id)}
        where={step ? describePath(levels, step.path) : ''}
        rounds={step ? listOtherRounds(step, shown.own) : []}
        items={items}
        events={events}
        tab={tab}
        onTab={onTab}
        onChoose={onChoose}
        onOpen={opened === undefined ? undefined : () => onInside(opened)}
        onMissing={refresh}
      />
    </>
  )
}

/** The path of the step that made the list, seen from one of an item. */
function aroundItem(path: string): string {
  const frames = readPath(path)
  const at = frames.findLastIndex(({ kind }) => kind === 'item')
  return at < 0 ? path : writePath(frames.slice(0, at))
}
