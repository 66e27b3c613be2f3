/** What of a run is shown: the view, the chosen step and its tab, all kept in the address. No React. */
import type { Filters } from '../../app/place'

export type RunView = 'graph' | 'timeline'
export type StepTab = 'answer' | 'output' | 'input' | 'calls' | 'attempts'

/** A node, and inside an `each` one of its items, or null for none of them yet. */
export interface Selection {
  nodeId: string
  item: number | null
}

export interface RunPlace {
  view: RunView
  chosen: Selection | undefined
  /** Undefined: the tab that says most. */
  tab: StepTab | undefined
}

const TABS: readonly string[] = ['answer', 'output', 'input', 'calls', 'attempts'] satisfies StepTab[]

export function readPlace(filters: Filters): RunPlace {
  const { view, step, item, tab } = filters
  const number = item !== undefined && /^\d{1,9}$/.test(item) ? Number(item) : null
  return {
    view: view === 'timeline' ? 'timeline' : 'graph',
    chosen: step ? { nodeId: step, item: number } : undefined,
    tab: TABS.includes(tab ?? '') ? (tab as StepTab) : undefined,
  }
}

/** The changes of the address that show this. */
export function writeView(view: RunView): Filters {
  return { view: view === 'graph' ? '' : view }
}

export function writeChosen(chosen: Selection | undefined): Filters {
  return {
    step: chosen?.nodeId ?? '',
    item: chosen?.item === null ? '' : String(chosen?.item ?? ''),
    tab: '',
  }
}
