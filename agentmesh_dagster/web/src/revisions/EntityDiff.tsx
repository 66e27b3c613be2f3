import { useMemo } from 'react'
import type { Agent, Tool, Workflow } from '../api/types'
import { compareEntities, compareWorkflows } from '../graph/compare'
import { writeEntityYaml, writeYaml } from '../graph/yaml'
import { DiffView } from './DiffView'

type Entity = Agent | Tool | Workflow

interface Props {
  before: Entity
  after: Entity
}

/** The difference between two versions of a workflow, an agent or a tool. */
export default function EntityDiff({ before, after }: Props) {
  const diff = useMemo(
    () =>
      'graph' in before && 'graph' in after
        ? {
            changes: compareWorkflows(before, after),
            before: writeYaml(before, false),
            after: writeYaml(after, false),
          }
        : {
            changes: compareEntities(before, after),
            before: writeEntityYaml(before),
            after: writeEntityYaml(after),
          },
    [before, after],
  )
  return <DiffView {...diff} />
}
