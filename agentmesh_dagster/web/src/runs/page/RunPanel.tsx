import { useState } from 'react'
import { Link } from 'wouter'
import { addresses } from '../../app/addresses'
import type { Run } from '../../api/types'
import { largeOf } from '../../api/whole'
import { GatePanel } from '../../approvals/GatePanel'
import { countByStatus } from '../live/runState'
import type { RunStep } from '../live/runSteps'
import { Icon } from '../../ui/icons'
import { shownStatus } from '../../ui/statusWords'
import { JsonView } from '../../ui/JsonView'
import { formatCounts } from './figures'
import { BudgetUses } from './BudgetUses'
import { CheckVerdicts } from './CheckVerdicts'
import { ErrorText } from './ErrorText'
import { LargeView } from './LargeView'
import { OutputView } from './OutputView'

const MOST_GATES = 3 // in full; of more, each is found by its node

/** The run as a whole: what it waits for, what came of it, and what it was given. */
export function RunPanel({ run, steps }: { run: Run; steps: readonly RunStep[] }) {
  const gates = useGatesSeen(steps)
  const wholeOf = (field: 'input' | 'output' | 'error') => ({ of: 'run', id: run.id, field }) as const
  return (
    <div className="stack stack-l">
      {gates.slice(0, MOST_GATES).map((stepId) => (
        <section key={stepId} className="card" aria-label="Approval">
          <GatePanel stepId={stepId} steps={steps} />
        </section>
      ))}
      {gates.length > MOST_GATES && (
        <p className="muted">{gates.length - MOST_GATES} more wait: choose their nodes.</p>
      )}
      {run.status === 'running' && steps.some((step) => shownStatus(step) === 'failed') && (
        <div className="notice notice-warn" role="status">
          <Icon name="warning" />
          <p>A step has failed: what still goes on, or waits, ends, and then the run fails.</p>
        </div>
      )}
      {run.error !== undefined && (
        <div className={run.status === 'canceled' ? 'notice notice-warn' : 'notice notice-bad'}>
          <Icon name="warning" />
          <ErrorText text={run.error} large={largeOf(run.cut?.['error'], wholeOf('error'))} />
        </div>
      )}
      {run.checks.length > 0 && (
        <section className="stack" aria-label="Checks">
          <h2>Checks</h2>
          <CheckVerdicts checks={run.checks} />
        </section>
      )}
      <BudgetUses run={run} />
      {run.status === 'succeeded' && (
        <section className="stack">
          <h2>Output</h2>
          <OutputView
            value={run.output ?? null}
            large={largeOf(run.cut?.['output'], wholeOf('output'))}
            label="Output of the run"
          />
        </section>
      )}
      <section className="stack">
        <h2>Input</h2>
        <LargeView
          value={run.input}
          large={largeOf(run.cut?.['input'], wholeOf('input'))}
          label="Input of the run"
        >
          {(value) => <JsonView value={value} label="Input of the run" />}
        </LargeView>
      </section>
      <section className="stack">
        <h2>Steps</h2>
        <p className="muted">
          {steps.length === 0
            ? 'None has begun.'
            : `${formatCounts(countByStatus(steps))}. Choose one to see all of it.`}
        </p>
        {steps.some(({ childRunId }) => childRunId !== undefined) && (
          <p>
            <Link href={addresses.runs({ parent: run.id })}>Runs that its steps asked for</Link>
          </p>
        )}
      </section>
    </div>
  )
}

/** What waits for an answer, and what did so since the panel is shown: a card does not go away under somebody's hands. */
function useGatesSeen(steps: readonly RunStep[]): readonly string[] {
  const [seen, setSeen] = useState<readonly string[]>([])
  const fresh = steps.filter(({ stepId, status }) => status === 'waiting_human' && !seen.includes(stepId))
  if (fresh.length > 0) setSeen([...seen, ...fresh.map(({ stepId }) => stepId)])
  return seen
}
