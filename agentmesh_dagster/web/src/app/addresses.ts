/** Where each page is: the paths below the app's base, with ids escaped. */
const id = encodeURIComponent

export const addresses = {
  projects: '/projects',
  project: (projectId: string) => `/projects/${id(projectId)}`,
  workflows: (query: { project?: string } = {}) => `/workflows${write(query)}`,
  /** The editor. `id` "new" makes one in `project`. */
  workflow: (workflowId: string) => `/workflows/${id(workflowId)}`,
  newWorkflow: (projectId: string) => `/workflows/new${write({ project: projectId })}`,
  agent: (agentId: string) => `/agents/${id(agentId)}`,
  newAgent: (projectId: string) => `/agents/new${write({ project: projectId })}`,
  tool: (toolId: string) => `/tools/${id(toolId)}`,
  newTool: (projectId: string) => `/tools/new${write({ project: projectId })}`,
  /** `parent`: only the runs that the steps of that run wait, or waited, for. */
  runs: (
    query: {
      project?: string
      workflow?: string
      status?: string
      waiting?: string
      parent?: string
      asset?: string
      partition?: string
      backfill?: string
    } = {},
  ) => `/runs${write(query)}`,
  run: (runId: string) => `/runs/${id(runId)}`,
  compareRuns: (one: string, other: string) => `/runs/${id(one)}/compare/${id(other)}`,
  approvals: (query: { project?: string } = {}) => `/approvals${write(query)}`,
  approval: (stepId: string) => `/approvals/${id(stepId)}`,
}

/** The id in a path that makes a new entity. An entity of this id would be found under `new?id=new`. */
export const NEW = 'new'

function write(query: Readonly<Record<string, string | undefined>>): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`
}

/** The router's base: where the server has put the app. */
export function appBase(): string {
  return new URL(document.baseURI).pathname.replace(/\/$/, '')
}
