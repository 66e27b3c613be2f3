import { Icon } from '../ui/icons'
import { Message } from '../ui/Message'

/** What is in the store and cannot be read: it is told beside the list, and the list is shown. */
export function ReadFaults({ pages }: { pages: readonly { faults?: string[] }[] }) {
  const faults = pages.flatMap((page) => page.faults ?? [])
  if (faults.length === 0) return null
  return (
    <div className="notice notice-warn">
      <Icon name="warning" />
      <ul className="plain">
        {faults.map((fault) => (
          <li key={fault}>
            <Message text={fault} />
          </li>
        ))}
      </ul>
    </div>
  )
}
