import { Link } from 'wouter'
import { useUses } from '../api/catalogue'
import { addresses } from '../app/addresses'
import { Icon } from '../ui/icons'
import { Loaded } from '../ui/states'

const ADDRESSES: Record<string, (id: string) => string> = {
  workflow: addresses.workflow,
  agent: addresses.agent,
  tool: addresses.tool,
  project: addresses.project,
}

/** What names this agent or tool. */
export function UsedIn({ kind, id }: { kind: 'agents' | 'tools'; id: string }) {
  const uses = useUses(kind, id)
  return (
    <section className="card stack" aria-label="Used in">
      <h2>Used in</h2>
      <Loaded query={uses} rows={1}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="muted">Nothing uses it yet.</p>
          ) : (
            <ul className="plain">
              {items.map((use) => (
                <li key={`${use.kind} ${use.id}`} className="row">
                  <Icon name={use.kind === 'agent' ? 'agent' : 'branch'} size={14} />
                  <Link
                    href={ADDRESSES[use.kind]?.(use.id) ?? addresses.projects}
                    className="truncate"
                    dir="auto"
                  >
                    {use.name}
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  )
}
