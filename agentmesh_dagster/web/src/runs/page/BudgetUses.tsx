import type { Run } from '../../api/types'
import { useRunBudgets } from '../../api/runs'
import { listUsed } from '../../graph/budgets'

/** What of the budgets around the run is used up; nothing where there is none. */
export function BudgetUses({ run }: { run: Run }) {
  const uses = useRunBudgets(run).data?.items ?? []
  if (uses.length === 0) return null
  return (
    <section className="stack" aria-label="Budgets">
      <h2>Budgets</h2>
      <ul className="plain stack">
        {uses.map((use) => (
          <li key={use.name} className="stack">
            <span dir="auto">{use.name}</span>
            {listUsed(use).map(({ limit, text, share }) => (
              <label key={limit} className="row row-wrap small">
                <meter value={share} max={1} high={0.8} optimum={0} />
                <span className="muted">{text}</span>
              </label>
            ))}
          </li>
        ))}
      </ul>
    </section>
  )
}
