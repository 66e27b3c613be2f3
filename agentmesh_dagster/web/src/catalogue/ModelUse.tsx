import { useModelUse } from '../api/catalogue'
import type { ModelUse as Use } from '../api/types'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'

const whole = new Intl.NumberFormat('en')
const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 4 })

const COLUMNS: readonly Column<Use>[] = [
  { key: 'day', head: 'Day (UTC)', cell: (use) => use.day },
  { key: 'calls', head: 'Model calls', cell: (use) => whole.format(use.calls), width: '140', align: 'end' },
  { key: 'in', head: 'Tokens in', cell: (use) => whole.format(use.inputTokens), width: '140', align: 'end' },
  {
    key: 'out',
    head: 'Tokens out',
    cell: (use) => whole.format(use.outputTokens),
    width: '140',
    align: 'end',
  },
  { key: 'usd', head: 'Cost', cell: (use) => dollars.format(use.usd), width: '140', align: 'end' },
]

/** What the models of a project were asked for on the last days that they were; nothing before the first. */
export function ModelUse({ projectId }: { projectId: string }) {
  const { data } = useModelUse(projectId)
  if (!data?.items.length) return null
  return (
    <section className="stack" aria-label="Model use">
      <h2>Model use</h2>
      <Table label="Model use" columns={COLUMNS} rows={data.items} keyOf={(use) => use.day ?? ''} />
    </section>
  )
}
