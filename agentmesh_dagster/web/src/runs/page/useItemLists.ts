import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Json } from '../../api/types'
import { queryWhole } from '../../api/whole'
import type { RunStep } from '../live/runSteps'

const MOST_CHARS = 500_000

/** The steps, with the whole output of each `each` whose list of items came cut: their names stand in the timeline. */
export function useItemLists(steps: readonly RunStep[], branches: ReadonlySet<string>): readonly RunStep[] {
  const cut = useMemo(
    () => steps.filter((step) => branches.has(step.nodeId) && isWorthIt(step)),
    [steps, branches],
  )
  const wholes = useQueries({
    queries: cut.map(({ stepId }) => queryWhole({ of: 'step', id: stepId, field: 'output' })),
    combine: (results) => results.map(({ data }) => data),
  })
  return useMemo(() => {
    if (cut.length === 0) return steps
    const lists = new Map<string, Json | undefined>(cut.map(({ stepId }, at) => [stepId, wholes[at]]))
    return steps.map((step) => (lists.has(step.stepId) ? { ...step, output: lists.get(step.stepId) } : step))
  }, [steps, cut, wholes])
}

function isWorthIt({ cut }: RunStep): boolean {
  const output = cut?.['output']
  return output !== undefined && output.chars <= MOST_CHARS
}
