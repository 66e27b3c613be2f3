/** Where expressions name nodes: `context.outputs.<id>` and `context.last_output.<id>`, both also as `["<id>"]`. */
import type { GraphEdge, GraphNode, Json } from '../api/types'
import { nodeFields, nodeType } from '../types/types'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** How an expression names a field: `.score`, or `["score agent"]`. */
export function writeField(name: string): string {
  return NAME.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/** The expression with other node ids: what `renamed` does not know stays. */
export function renameInExpression(expression: string, renamed: ReadonlyMap<string, string>): string {
  const named =
    /(\bcontext\.(?:outputs|last_output))(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\])/g
  return expression.replace(named, (whole: string, head: string, name?: string, quoted?: string) => {
    const id = name ?? unquote(quoted ?? '')
    const other = renamed.get(id)
    return other === undefined ? whole : head + writeField(other)
  })
}

export function renameInNode(node: GraphNode, renamed: ReadonlyMap<string, string>): GraphNode {
  const { written } = nodeType(node.type)
  const naming = nodeFields(node.type).filter(({ kind }) => kind === 'node')
  const config = Object.fromEntries(
    Object.entries(node.config).map(([field, value]): [string, Json] => {
      if (typeof value === 'string' && naming.some(({ name }) => name === field))
        return [field, renamed.get(value) ?? value]
      const way = written[field]
      if (way === undefined || way === 'schema') return [field, value] // `{{ }}` means nothing there
      const isExpression = way === 'expression' || (way === 'expression_or_template' && !hasTemplate(value))
      return typeof value === 'string' && isExpression
        ? [field, renameInExpression(value, renamed)]
        : [field, renameInTemplates(value, renamed)]
    }),
  )
  return { ...node, config }
}

export function renameInEdge(edge: GraphEdge, renamed: ReadonlyMap<string, string>): GraphEdge {
  return edge.condition === undefined
    ? edge
    : { ...edge, condition: renameInExpression(edge.condition, renamed) }
}

function hasTemplate(value: Json): boolean {
  return typeof value === 'string' && value.includes('{{')
}

function renameInTemplates(value: Json, renamed: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') {
    return value.replace(
      /\{\{([\s\S]*?)\}\}/g,
      (_, inside: string) => `{{${renameInExpression(inside, renamed)}}}`,
    )
  }
  if (Array.isArray(value)) return value.map((item) => renameInTemplates(item, renamed))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, renameInTemplates(item, renamed)]),
    )
  }
  return value
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, '$1')
}
