import { usePinnedWorkflow, useSteps } from '../api/runs'
import type { Cut, Gate, Json, StepStatus, WorkflowGraph } from '../api/types'
import { largeOf } from '../api/whole'
import { OutputView } from '../runs/page/OutputView'
import { NodeIcon } from '../types/NodeIcon'
import { Loaded } from '../ui/states'

/** What is known of a step here: both the API's and the live one fit. */
export interface KnownStep {
  stepId: string
  nodeId: string
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
        {({ workflow }) =>
          steps ? (
            <Outputs gate={gate} graph={workflow.graph} steps={steps} />
          ) : (
            <LoadedOutputs gate={gate} graph={workflow.graph} />
          )
        }
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
  const ended = steps.filter(({ nodeId, status }) => parents.has(nodeId) && status === 'succeeded')
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
