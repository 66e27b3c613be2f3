import { useState } from 'react'
import type { Json } from '../api/types'
import { areEqual } from '../schema/json'

export interface Draft<Entity> {
  /** What was read before the first change: a save is checked against it. */
  base: Entity
  value: Entity
  hasChanges: boolean
  change: (fields: Partial<Entity>) => void
  /** Forgets the changes, and goes on from this. */
  begin: (base: Entity) => void
  /** Goes on from edits of an earlier visit. */
  restore: (value: Entity, base: Entity) => void
}

/** An entity as it is being edited. While there are no changes it follows what others save. */
export function useDraft<Entity extends object>(read: Entity): Draft<Entity> {
  const [base, setBase] = useState(read)
  const [value, setValue] = useState(read)
  const hasChanges = !areEqual(withoutUnset(value), withoutUnset(base))
  const begin = (next: Entity) => {
    setBase(next)
    setValue(next)
  }
  const [seen, setSeen] = useState(read)
  if (seen !== read) {
    setSeen(read)
    if (!hasChanges) begin(read)
  }
  return {
    base,
    value,
    hasChanges,
    change: (fields) => setValue((before) => ({ ...before, ...fields })),
    begin,
    restore: (edited, from) => {
      setBase(from)
      setValue(edited)
    },
  }
}

function withoutUnset(entity: object): Json {
  return Object.fromEntries(Object.entries(entity).filter(([, field]) => field !== undefined)) as Json
}
