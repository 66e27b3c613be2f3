import { useCallback } from 'react'
import type { Asset } from '../../../graph/assets'
import { changeWorkflow, workflowOf } from '../../state'
import { useEditor, useEditorStore } from '../../useEditor'

/** What the workflow says of its asset, and a way to change it. Letters typed into one field are undone together. */
export function useAsset(): {
  asset: Asset | undefined
  set: (fields: Partial<Asset>) => void
  replace: (asset: Asset | undefined) => void
} {
  const store = useEditorStore()
  const asset = useEditor((state) => workflowOf(state).asset)
  const set = useCallback(
    (fields: Partial<Asset>) =>
      store.change((state) =>
        changeWorkflow(
          state,
          (before) => (before.asset ? { ...before, asset: { ...before.asset, ...fields } } : before),
          `asset ${Object.keys(fields).join(' ')}`,
        ),
      ),
    [store],
  )
  const replace = useCallback(
    (next: Asset | undefined) =>
      store.change((state) => changeWorkflow(state, (before) => ({ ...before, asset: next }))),
    [store],
  )
  return { asset, set, replace }
}
