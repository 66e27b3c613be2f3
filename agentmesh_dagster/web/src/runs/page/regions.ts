/** What a run repeats for each item of a list. No React. */
import type { Region } from '../../api/types'

/** Node id → id of the `each` that repeats it: a step with an item belongs to that one, since they are never nested. */
export type Regions = ReadonlyMap<string, string>

export function readRegions(regions: readonly Region[]): Regions {
  return new Map(regions.flatMap(({ each, body }) => body.map((nodeId) => [nodeId, each] as const)))
}
