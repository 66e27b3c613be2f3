import { useCallback, useMemo, useState } from 'react'
import { levelAt } from './levels'
import type { Level, Levels } from './levels'
import type { RunPlace, Selection } from './place'
import { roundsOf } from './rounds'
import type { ChosenRounds } from './rounds'

const NEWEST: ChosenRounds = new Map()

/** The rounds that are shown: those of the chosen step, or else those that somebody went to. */
export function useRounds(levels: Levels | undefined, { inside, chosen }: RunPlace) {
  const [byPlace, setByPlace] = useState<ReadonlyMap<string, ChosenRounds>>(new Map())
  const level = levels && levelAt(levels, inside)
  const rounds = useMemo(
    () => roundsOfChosen(level, inside, chosen) ?? byPlace.get(inside) ?? NEWEST,
    [level, inside, chosen, byPlace],
  )
  const show = useCallback(
    (next: ChosenRounds) => setByPlace((before) => new Map(before).set(inside, next)),
    [inside],
  )
  return { level, rounds, show }
}

function roundsOfChosen(
  level: Level | undefined,
  inside: string,
  chosen: Selection | undefined,
): ChosenRounds | undefined {
  if (chosen?.path === undefined) return undefined
  return roundsOf(level, inside, { nodeId: chosen.nodeId, path: chosen.path })
}
