import type { Agent, Tool } from '../api/types'
import { UnsavedNotice } from '../app/UnsavedNotice'
import { areSameEntity } from '../graph/compare'
import { LazyEntityDiff } from '../revisions/lazy'

interface Props {
  unsaved:
    { value: Agent | Tool; saved: object; at: string; restore: () => void; discard: () => void } | undefined
  /** What is saved now. */
  saved: Agent | Tool
}

/** Offers the edits of an agent or a tool that an earlier visit has left unsaved. */
export function UnsavedEdits({ unsaved, saved }: Props) {
  if (!unsaved || areSameEntity(unsaved.value, saved)) return null
  return (
    <UnsavedNotice
      at={unsaved.at}
      isBehind={!areSameEntity(unsaved.saved, saved)}
      onRestore={unsaved.restore}
      onDiscard={unsaved.discard}
    >
      <LazyEntityDiff before={saved} after={unsaved.value} />
    </UnsavedNotice>
  )
}
