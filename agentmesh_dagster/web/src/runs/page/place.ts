/** What of a run is shown: the view, the chosen step and its tab, all kept in the address. No React. */
import type { Filters } from '../../app/place'
import { placeOf } from '../live/paths'

export type RunView = 'graph' | 'timeline'
export type StepTab = 'answer' | 'output' | 'input' | 'calls' | 'attempts'

/** A node, and one of its steps by its path; without one whichever step of it is shown. */
export interface Selection {
  nodeId: string
  path?: string
}

export interface RunPlace {
  view: RunView
  /** The path of the sub-workflow whose graph is shown; '' for the workflow's own. */
  inside: string
  chosen: Selection | undefined
  /** Undefined: the tab that says most. */
  tab: StepTab | undefined
}

const TABS: readonly string[] = ['answer', 'output', 'input', 'calls', 'attempts'] satisfies StepTab[]

export function readPlace(filters: Filters): RunPlace {
  const { view, step, path, inside = '', tab } = filters
  return {
    view: view === 'timeline' ? 'timeline' : 'graph',
    inside: step && path ? placeOf(path) : inside,
    chosen: step ? { nodeId: step, ...(path && { path }) } : undefined,
    tab: TABS.includes(tab ?? '') ? (tab as StepTab) : undefined,
  }
}

/** The changes of the address that show this. */
export function writeView(view: RunView): Filters {
  return { view: view === 'graph' ? '' : view }
}

/** A step that has a path brings the graph in which it stands. */
export function writeChosen(chosen: Selection | undefined): Filters {
  const path = chosen?.path
  return {
    step: chosen?.nodeId ?? '',
    path: path ?? '',
    tab: '',
    ...(path !== undefined && { inside: placeOf(path) }),
  }
}

/** Shows the graph of a sub-workflow, or '' the workflow's own. */
export function writeInside(inside: string): Filters {
  return { inside, step: '', path: '', tab: '' }
}
