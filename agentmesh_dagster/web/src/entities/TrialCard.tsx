import type { ReactNode } from 'react'
import { Icon } from '../ui/icons'
import { Fault } from '../ui/states'

interface Props {
  /** What it is tried with. */
  children: ReactNode
  trial: { error: unknown; isPending: boolean }
  isOff: boolean
  onTest: () => void
  /** What came of it. */
  result: ReactNode
}

/** A trial of an agent or a tool as it is saved. */
export function TrialCard({ children, trial, isOff, onTest, result }: Props) {
  return (
    <section className="card stack" aria-label="Test">
      <h2>Test</h2>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onTest()
        }}
      >
        {children}
        <div>
          <button type="submit" className="button" disabled={isOff || trial.isPending}>
            <Icon name="play" />
            {trial.isPending ? 'Testing …' : 'Test'}
          </button>
        </div>
      </form>
      <div aria-live="polite" className="stack live">
        {trial.error !== null && <Fault error={trial.error} />}
        {result}
      </div>
    </section>
  )
}
