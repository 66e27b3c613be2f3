import type { Workflow } from '../../api/types'
import { BudgetInputs } from '../../ui/BudgetInputs'
import { changeWorkflow, workflowOf } from '../state'
import { useEditor, useEditorStore } from '../useEditor'
import { PlacedGroup } from './PlacedField'
import { Section } from './Section'
import { formatBudget } from '../../graph/budgets'

/** What all model calls of a run may use up. */
export function BudgetField() {
  const store = useEditorStore()
  const budget = useEditor((state) => workflowOf(state).budget)
  const write = (next: Workflow['budget']) =>
    store.change((state) => changeWorkflow(state, (workflow) => ({ ...workflow, budget: next }), 'budget'))
  return (
    <Section
      title="Budget"
      places={['budget']}
      isOpen={budget !== undefined}
      summary={budget ? formatBudget(budget) : 'none'}
    >
      <PlacedGroup
        place="budget"
        label="All model calls of a run"
        hint="Items, rounds, retries and runs that it waits for count together. A call that would go beyond is not made."
      >
        <BudgetInputs budget={budget} onChange={write} />
      </PlacedGroup>
    </Section>
  )
}
