import { usePinnedWorkflow, useSteps } from '../api/runs'
import type { Cut, Gate, Json, StepStatus, WorkflowGraph } from '../api/types'
import { isInside, placeOf, readPath, writePath } from '../runs/live/paths'
import { levelAt, readLevels } from '../runs/page/levels'
import { largeOf } from '../api/whole'
import { OutputView } from '../runs/page/OutputView'
import { NodeIcon } from '../types/NodeIcon'
import { Loaded } from '../ui/states'

/** What is known of a step here: both the API's and the live one fit. */
export interface KnownStep {
  stepId: string
  nodeId: string
  path: string
  status: StepStatus
  output?: Json
  cut?: Readonly<Record<string, Cut>>
}

/** Previous outputs: those of the steps that lead to the gate. */
export function Before({ gate, steps }: { gate: Gate; steps?: readonly KnownStep[] }) {
  const pinned = usePinnedWorkflow(gate.runId)
  return (
    <section className="gate-before stack" aria-label="Previous outputs">
      <h2 className="gate-title">Previous outputs</h2>
      <Loaded query={pinned} rows={2}>
        {(data) => {
          const graph = levelAt(readLevels(data), gate.path)?.workflow.graph ?? data.workflow.graph
          return steps ? (
            <Outputs gate={gate} graph={graph} steps={steps} />
          ) : (
            <LoadedOutputs gate={gate} graph={graph} />
          )
        }}
      </Loaded>
    </section>
  )
}

interface Props {
  gate: Gate
  graph: WorkflowGraph
}

function LoadedOutputs({ gate, graph }: Props) {
  const query = useSteps(gate.runId)
  return (
    <Loaded query={query} rows={2}>
      {(steps) => (
        <Outputs gate={gate} graph={graph} steps={steps.map((step) => ({ ...step, stepId: step.id }))} />
      )}
    </Loaded>
  )
}

function Outputs({ gate, graph, steps }: Props & { steps: readonly KnownStep[] }) {
  const parents = new Set(
    graph.edges.filter(({ toNodeId }) => toNodeId === gate.nodeId).map((edge) => edge.fromNodeId),
  )
  const ended = listNewest(
    steps.filter(({ nodeId, status }) => parents.has(nodeId) && status === 'succeeded'),
    gate.path,
  )
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  if (ended.length === 0) return <p className="muted">Nothing but the start of the run.</p>
  return ended.map(({ stepId, nodeId, output, cut }, at) => {
    const node = nodes.get(nodeId)
    const title = node?.label || nodeId
    return (
      <details key={`${nodeId} ${at}`} open={at === 0} className="gate-output">
        <summary>
          {node && <NodeIcon type={node.type} size={14} />}
          <span className="truncate" dir="auto">
            {title}
          </span>
        </summary>
        <OutputView
          value={output ?? null}
          large={largeOf(cut?.['output'], { of: 'step', id: stepId, field: 'output' })}
          label={`Output of ${title}`}
        />
      </details>
    )
  })
}

/** Of the steps around a gate, or inside of what ended before it: those of its own item, and of the newest round. */
function listNewest(steps: readonly KnownStep[], path: string): readonly KnownStep[] {
  const newest = new Map<string, KnownStep>()
  for (const step of steps) {
    const isNear = isInside(step.path, path) || isInside(path, step.path)
    if (!isNear || placeOf(step.path) !== placeOf(path)) continue
    const frames = readPath(step.path)
    const items = writePath(frames.filter(({ kind }) => kind === 'item'))
    const key = `${items} ${step.nodeId}`
    const before = newest.get(key)
    if (!before || isLater(step.path, before.path)) newest.set(key, step)
  }
  return [...newest.values()]
}

function isLater(path: string, other: string): boolean {
  return path.localeCompare(other, 'en', { numeric: true }) > 0
}
