import { useCallback } from 'react'
import type { GraphNode, Json } from '../../api/types'
import { changeConfig, changeNode } from '../../graph/edits'
import { isObject } from '../../schema/json'
import { changeGraph } from '../state'
import { useEditorStore } from '../useEditor'

export type ConfigFields = Readonly<Record<string, Json | undefined>>

/** Sets fields of a node's config; undefined takes one away. Letters typed into one field are undone together. */
export function useSetConfig(nodeId: string): (fields: ConfigFields) => void {
  const store = useEditorStore()
  return useCallback(
    (fields) => {
      const tag = `${nodeId} config ${Object.keys(fields).join(' ')}`
      store.change((state) => changeGraph(state, (graph) => changeConfig(graph, nodeId, fields), tag))
    },
    [store, nodeId],
  )
}

export function useSetNode(nodeId: string): (fields: Partial<Omit<GraphNode, 'id'>>) => void {
  const store = useEditorStore()
  return useCallback(
    (fields) => {
      const tag = `${nodeId} ${Object.keys(fields).join(' ')}`
      store.change((state) => changeGraph(state, (graph) => changeNode(graph, nodeId, fields), tag))
    },
    [store, nodeId],
  )
}

export function textOf(value: Json | undefined): string {
  return value === undefined || value === null
    ? ''
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)
}

/** The object with a field set or taken away; undefined when nothing is left. */
export function withField(value: Json | undefined, name: string, field: Json | undefined): Json | undefined {
  const { [name]: _, ...others } = isObject(value) ? value : {}
  const next = field === undefined ? others : { ...others, [name]: field }
  return Object.keys(next).length > 0 ? next : undefined
}
