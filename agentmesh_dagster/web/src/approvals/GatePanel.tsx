import { useGate } from '../api/runs'
import { Loaded } from '../ui/states'
import type { KnownStep } from './Before'
import { GateCard } from './GateCard'

interface Props {
  stepId: string
  /** Of the run, where they are known already. */
  steps: readonly KnownStep[]
  /** Only what is asked: the rest stands beside it. */
  isShort?: boolean
}

const LOOK_EVERY_MS = 3_000

/** The card of a gate inside the page of its run. */
export function GatePanel({ stepId, steps, isShort = false }: Props) {
  const query = useGate(stepId, LOOK_EVERY_MS)
  return (
    <Loaded query={query}>
      {(gate) => (
        <div className="stack">
          {!isShort && <h2 dir="auto">{gate.label}</h2>}
          <GateCard key={gate.stepId} gate={gate} steps={steps} />
        </div>
      )}
    </Loaded>
  )
}
