import { useState } from 'react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useEntities, useEntity } from '../api/catalogue'
import { useMay } from '../api/session'
import { addresses } from '../app/addresses'
import { Page } from '../app/Page'
import { EntityTable } from './EntityTable'
import { DraftList } from './DraftList'
import { ModelUse } from './ModelUse'
import { ReadFaults } from './ReadFaults'
import { WorkflowTable } from './WorkflowTable'
import { Icon } from '../ui/icons'
import { Markdown } from '../ui/Markdown'
import { Empty, Fault, Loaded } from '../ui/states'
import { ShowMore } from '../ui/Table'
import { EditProjectDialog } from './EditProjectDialog'

/** One project: its workflows, agents and tools. */
export function ProjectPage({ id }: { id: string }) {
  const project = useEntity('projects', id)
  const mayEdit = useMay('edit')
  const [isEditing, setEditing] = useState(false)
  const trail = <Link href={addresses.projects}>Projects</Link>
  if (project.error) {
    return (
      <Page title="Project" trail={trail}>
        <Fault error={project.error} onRetry={project.refetch} />
      </Page>
    )
  }
  const actions = (
    <>
      <Link href={addresses.runs({ project: id })} className="button">
        Runs
      </Link>
      {mayEdit && (
        <button type="button" className="button" disabled={!project.data} onClick={() => setEditing(true)}>
          Edit
        </button>
      )}
    </>
  )
  return (
    <Page
      title={project.data?.name ?? ''}
      trail={trail}
      description={project.data?.description && <Markdown text={project.data.description} />}
      actions={actions}
    >
      <Workflows projectId={id} mayEdit={mayEdit} />
      <Entities kind="agents" projectId={id} mayEdit={mayEdit} />
      <Entities kind="tools" projectId={id} mayEdit={mayEdit} />
      <ModelUse projectId={id} />
      {isEditing && project.data && (
        <EditProjectDialog project={project.data} onClose={() => setEditing(false)} />
      )}
    </Page>
  )
}

interface Props {
  projectId: string
  mayEdit: boolean
}

function Workflows({ projectId, mayEdit }: Props) {
  const workflows = useEntities('workflows', { projectId })
  const create = mayEdit && <CreateLink to={addresses.newWorkflow(projectId)} what="New workflow" isMain />
  return (
    <Section title="Workflows" action={create}>
      <Loaded query={workflows} rows={3}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          return (
            <>
              <ReadFaults pages={pages} />
              {items.length === 0 ? (
                <Empty title="No workflows yet">
                  Draw a graph of agents, tools, branches and approvals, and run it.
                </Empty>
              ) : (
                <WorkflowTable workflows={items} projectId={projectId} />
              )}
              <ShowMore list={workflows} />
              <DraftList kind="workflow" projectId={projectId} />
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

const WORDS = {
  agents: {
    title: 'Agents',
    create: 'New agent',
    empty: 'No agents yet',
    hint: 'An agent is a model with a prompt and tools.',
    to: addresses.newAgent,
  },
  tools: {
    title: 'Tools',
    create: 'New tool',
    empty: 'No tools yet',
    hint: 'A tool is an address, a registered function or a builtin that agents and tool nodes call.',
    to: addresses.newTool,
  },
}

function Entities({ kind, projectId, mayEdit }: Props & { kind: 'agents' | 'tools' }) {
  const entities = useEntities(kind, { projectId })
  const words = WORDS[kind]
  const create = mayEdit && <CreateLink to={words.to(projectId)} what={words.create} />
  return (
    <Section title={words.title} action={create}>
      <Loaded query={entities} rows={2}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          return (
            <>
              <ReadFaults pages={pages} />
              {items.length === 0 ? (
                <Empty title={words.empty}>{words.hint}</Empty>
              ) : (
                <EntityTable kind={kind} label={words.title} entities={items} />
              )}
              <ShowMore list={entities} />
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

function CreateLink({ to, what, isMain = false }: { to: string; what: string; isMain?: boolean }) {
  return (
    <Link href={to} className={isMain ? 'button button-primary' : 'button'}>
      <Icon name="plus" />
      {what}
    </Link>
  )
}

function Section({ title, action, children }: { title: string; action: ReactNode; children: ReactNode }) {
  return (
    <section className="stack" aria-label={title}>
      <div className="row spread">
        <h2>{title}</h2>
        {action}
      </div>
      {children}
    </section>
  )
}
