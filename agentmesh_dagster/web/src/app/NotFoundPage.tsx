import { Link } from 'wouter'
import { Empty } from '../ui/states'
import { addresses } from './addresses'
import { Page } from './Page'

export function NotFoundPage() {
  return (
    <Page title="No such page">
      <Empty
        title="There is nothing at this address"
        action={
          <Link href={addresses.projects} className="button">
            Projects
          </Link>
        }
      >
        The link may be old, or a letter of it is missing.
      </Empty>
    </Page>
  )
}
