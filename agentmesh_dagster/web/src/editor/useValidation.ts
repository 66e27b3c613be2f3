import { useEffect, useState } from 'react'
import { validateWorkflow } from '../api/catalogue'
import type { Workflow } from '../api/types'
import { contentOf, haveSameMeaning } from '../graph/compare'
import { placeIssues } from '../graph/issues'
import { workflowOf } from './state'
import type { EditorStore } from './store'

/** Whether the faults shown are those of what is on the canvas. */
export type Checking = 'checking' | 'checked' | 'failed'

const WAIT_MS = 350 // after the last letter

/** Asks the server what is wrong, a moment after each change of the workflow. Moving a node asks nothing. */
export function useValidation(store: EditorStore): Checking {
  const [state, setState] = useState<Checking>('checking')
  useEffect(() => {
    let checked: Workflow | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let call: AbortController | undefined
    const check = () => {
      const workflow = workflowOf(store.get())
      const mine = new AbortController()
      call = mine
      checked = workflow
      const sent = withoutEmptyId(workflow)
      store.change((before) => ({ ...before, checked: sent }))
      validateWorkflow(sent, mine.signal).then(
        ({ issues, loops }) => {
          if (mine.signal.aborted) return
          store.change((before) => ({ ...before, issues: placeIssues(issues, workflow), loops }))
          setState('checked')
        },
        () => {
          if (!mine.signal.aborted) setState('failed')
        },
      )
    }
    const onChange = () => {
      const workflow = workflowOf(store.get())
      if (checked && haveSameMeaning(workflow, checked)) {
        checked = workflow
        return
      }
      call?.abort()
      checked = workflow
      clearTimeout(timer)
      setState('checking')
      timer = setTimeout(check, WAIT_MS)
    }
    check()
    const stop = store.subscribe(onChange)
    return () => {
      stop()
      clearTimeout(timer)
      call?.abort()
    }
  }, [store])
  return state
}

/** A workflow that was never saved has no id yet: the server then gives one. */
export function withoutEmptyId(workflow: Workflow): Workflow {
  return { ...contentOf(workflow), id: workflow.id || (undefined as unknown as string) }
}
