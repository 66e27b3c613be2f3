import { useCallback, useMemo, useState } from 'react'
import { Link } from 'wouter'
import { usePinnedWorkflow, useRun, useSteps } from '../../api/runs'
import type { PinnedWorkflow, Run, Step } from '../../api/types'
import { addresses } from '../../app/addresses'
import { Page } from '../../app/Page'
import { compareWorkflows } from '../../graph/compare'
import { LazyEntityDiff } from '../../revisions/lazy'
import { Loaded } from '../../ui/states'
import { joinSteps } from '../live/runSteps'
import { readLevels } from '../page/levels'
import { viewLevel } from '../page/rounds'
import { RunGraph } from '../page/RunGraph'
import { RunCard } from './RunCard'
import { StepPairs } from './StepPairs'
import { ValueDiff } from './ValueDiff'
import { compareValues, listChangedParts, pairSteps } from './comparing'
import '../page/RunPage.css'
import './CompareRunsPage.css'

const LOOK_EVERY_MS = 3_000

/** Two runs side by side: what they were given, which ways they took, and what came of each step. */
export default function CompareRunsPage({ one, other }: { one: string; other: string }) {
  const first = useSide(one)
  const second = useSide(other)
  return (
    <Page title="Compare runs" trail={<Link href={addresses.runs()}>Runs</Link>}>
      <Loaded query={first} rows={8}>
        {(before) => (
          <Loaded query={second} rows={8}>
            {(after) => <Comparison before={before} after={after} />}
          </Loaded>
        )}
      </Loaded>
    </Page>
  )
}

export interface Side {
  run: Run
  steps: readonly Step[]
  pinned: PinnedWorkflow
}

/** All of one run, read again as long as it goes on. */
function useSide(id: string) {
  const run = useRun(id, LOOK_EVERY_MS)
  const isOver = run.data !== undefined && run.data.status !== 'running' && run.data.status !== 'pending'
  const steps = useSteps(id, isOver ? false : LOOK_EVERY_MS)
  const pinned = usePinnedWorkflow(id)
  const data = useMemo(
    () =>
      run.data && steps.data && pinned.data
        ? { run: run.data, steps: steps.data, pinned: pinned.data }
        : undefined,
    [run.data, steps.data, pinned.data],
  )
  return {
    data,
    error: run.error ?? steps.error ?? pinned.error,
    isPending: run.isPending || steps.isPending || pinned.isPending,
    refetch: () => {
      void run.refetch()
      void steps.refetch()
      void pinned.refetch()
    },
  }
}

function Comparison({ before, after }: { before: Side; after: Side }) {
  const [chosenId, setChosen] = useState<string>()
  const pairs = useMemo(
    () => pairSteps(after.pinned.workflow.graph.nodes, before.steps, after.steps),
    [before, after],
  )
  const onChoose = useCallback((nodeId: string | undefined) => setChosen(nodeId), [])
  return (
    <>
      <div className="compare-runs">
        <RunCard side={before} word="First" />
        <RunCard side={after} word="Second" />
      </div>
      <section className="stack" aria-label="Input of the runs">
        <h2>Input</h2>
        {compareValues(before.run, after.run, 'input') === 'same' ? (
          <p className="muted">Both were given the same.</p>
        ) : (
          <ValueDiff of="run" field="input" one={before.run} other={after.run} />
        )}
      </section>
      <section className="stack" aria-label="Graphs">
        <h2>Graphs</h2>
        <div className="compare-graphs">
          {[before, after].map((side) => (
            <Graph key={side.run.id} side={side} chosenId={chosenId} onChoose={onChoose} />
          ))}
        </div>
      </section>
      <section className="stack" aria-label="Steps">
        <h2>Steps</h2>
        <StepPairs pairs={pairs} chosenId={chosenId} />
      </section>
      <section className="stack" aria-label="Output of the runs">
        <h2>Output</h2>
        {compareValues(before.run, after.run, 'output', 'error') === 'same' ? (
          <p className="muted">The same came of both.</p>
        ) : (
          <>
            <ValueDiff of="run" field="output" one={before.run} other={after.run} />
            {(before.run.error ?? after.run.error) !== undefined && (
              <ValueDiff of="run" field="error" one={before.run} other={after.run} />
            )}
          </>
        )}
      </section>
      <Workflows before={before.pinned} after={after.pinned} />
    </>
  )
}

interface GraphProps {
  side: Side
  chosenId: string | undefined
  onChoose: (nodeId: string | undefined) => void
}

function Graph({ side, chosenId, onChoose }: GraphProps) {
  const { run, steps, pinned } = side
  const view = useMemo(() => {
    const { own } = readLevels(pinned)
    return viewLevel(own, '', joinSteps({ steps, after: Infinity }, new Map()), new Map())
  }, [pinned, steps])
  return (
    <div className="compare-graph" role="group" aria-label={`Graph of run ${run.id.slice(0, 8)}`}>
      <RunGraph
        graph={pinned.workflow.graph}
        layout={pinned.workflow.layout}
        view={view}
        chosenId={chosenId}
        onChoose={onChoose}
      />
    </div>
  )
}

/** What the runs execute, as far as it differs. */
function Workflows({ before, after }: { before: PinnedWorkflow; after: PinnedWorkflow }) {
  const changes = useMemo(() => compareWorkflows(before.workflow, after.workflow), [before, after])
  const parts = useMemo(() => listChangedParts(before, after), [before, after])
  return (
    <section className="stack" aria-label="Workflow">
      <h2>Workflow</h2>
      {changes.length === 0 && parts.length === 0 ? (
        <p className="muted">Both execute the same.</p>
      ) : (
        <>
          {changes.length > 0 && <LazyEntityDiff before={before.workflow} after={after.workflow} />}
          {parts.map((part) => (
            <div key={part.after.id} className="stack">
              <h3 dir="auto">{part.after.name}</h3>
              <LazyEntityDiff before={part.before} after={part.after} />
            </div>
          ))}
        </>
      )}
    </section>
  )
}
