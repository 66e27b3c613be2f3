import { Link, useLocation } from 'wouter'
import { useOverview } from '../api/catalogue'
import { useAbout } from '../api/session'
import { Icon } from '../ui/icons'
import { addresses } from './addresses'
import { Person } from './Person'
import { ThemeSwitch } from './ThemeSwitch'
import './Header.css'

const LOOK_EVERY_MS = 10_000

const LINKS = [
  { to: addresses.projects, label: 'Projects', holds: ['/projects', '/agents', '/tools'] },
  { to: addresses.workflows(), label: 'Workflows', holds: ['/workflows'] },
  { to: addresses.runs(), label: 'Runs', holds: ['/runs'] },
]

export function Header() {
  const [place] = useLocation()
  const { data: about } = useAbout()
  const isAt = (starts: readonly string[]) =>
    starts.some((start) => place.startsWith(start)) ? 'page' : undefined
  return (
    <header className="header">
      <SkipLink />
      <Link href={addresses.projects} className="header-brand">
        <img src="./favicon.svg" width="22" height="22" alt="" />
        AgentMesh
      </Link>
      <nav aria-label="Main" className="header-nav">
        {LINKS.map(({ to, label, holds }) => (
          <Link key={to} href={to} className="header-link" aria-current={isAt(holds)}>
            {label}
          </Link>
        ))}
        <Link href={addresses.approvals()} className="header-link" aria-current={isAt(['/approvals'])}>
          Approvals
          <Waiting />
        </Link>
        {about && (
          <a className="header-link" href={about.dagsterUrl} target="_blank" rel="noopener">
            Dagster
            <Icon name="outside" size={13} />
            <span className="visually-hidden">, opens in a new tab</span>
          </a>
        )}
      </nav>
      <div className="header-end">
        <ThemeSwitch />
        <Person />
      </div>
    </header>
  )
}

/** How many gates wait for a person. */
function Waiting() {
  const { data } = useOverview(LOOK_EVERY_MS)
  const count = data?.items.reduce((sum, project) => sum + project.waiting, 0) ?? 0
  if (count === 0) return null
  return (
    <span className="header-count">
      {count > 99 ? '99+' : count}
      <span className="visually-hidden"> waiting</span>
    </span>
  )
}

/** Past the header to the page. A link to #main would lead to the base address. */
function SkipLink() {
  return (
    <button type="button" className="skip-link" onClick={() => document.getElementById('main')?.focus()}>
      Skip to the page
    </button>
  )
}
