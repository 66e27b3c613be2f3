import { Link } from 'wouter'
import type { Agent, Tool } from '../api/types'
import { addresses } from '../app/addresses'
import { describeTarget, isAgent } from '../graph/entities'
import { Icon } from '../ui/icons'
import { Table } from '../ui/Table'
import type { Column } from '../ui/Table'
import { Time } from '../ui/Time'

type Entity = Agent | Tool

const columnsOf = (target: string): readonly Column<Entity>[] => [
  {
    key: 'name',
    head: 'Name',
    width: '260',
    cell: (entity) => (
      <span className="row">
        <Icon name={isAgent(entity) ? 'agent' : 'tool'} />
        <Link
          href={isAgent(entity) ? addresses.agent(entity.id) : addresses.tool(entity.id)}
          className="table-name"
          dir="auto"
          title={entity.name}
        >
          {entity.name}
        </Link>
      </span>
    ),
  },
  {
    key: 'description',
    head: 'Description',
    cell: (entity) => (
      <span className="table-sub truncate muted" dir="auto" title={entity.description}>
        {entity.description}
      </span>
    ),
  },
  {
    key: 'target',
    head: target,
    width: '240',
    cell: (entity) => {
      const text = describeTarget(entity)
      return (
        <span className="table-sub truncate mono" title={text}>
          {text}
        </span>
      )
    },
  },
  {
    key: 'saved',
    head: 'Saved',
    width: '130',
    cell: (entity) => (
      <span className="muted">
        <Time at={entity.updatedAt} />
      </span>
    ),
  },
]

const COLUMNS = { agents: columnsOf('Model'), tools: columnsOf('Calls') }

interface Props {
  kind: 'agents' | 'tools'
  label: string
  entities: readonly Entity[]
}

/** Agents or tools. */
export function EntityTable({ kind, label, entities }: Props) {
  return <Table label={label} columns={COLUMNS[kind]} rows={entities} keyOf={(entity) => entity.id} />
}
