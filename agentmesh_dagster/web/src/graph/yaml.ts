/** A workflow as the text of a document, and back. */
import { Document, isMap, isNode, isSeq, LineCounter, parseDocument, stringify } from 'yaml'
import type { GraphEdge, GraphNode, Json, JsonObject, JsonSchema, Trigger, Workflow } from '../api/types'
import { completeAsset, writeAsset } from './assets'

/** What is wrong with the text itself; what it means is for the server's rules. */
export interface YamlFault {
  message: string
  line: number
  column: number
}

const NEW_ID = '' // of a workflow that was never saved

/** The workflow as YAML, without what the store sets. Fields are in a fixed order; empty ones are left out. Where nodes
 *  stand is no difference between two versions: `hasLayout` false leaves it out. */
export function writeYaml(workflow: Workflow, hasLayout = true): string {
  const { id, name, description, projectId, inputSchema, triggers, asset, graph, layout, ...others } =
    workflow
  const { revision: _, createdAt: __, updatedAt: ___, ...settings } = others
  const plain = {
    id,
    name,
    description,
    projectId,
    inputSchema,
    triggers: triggers.length ? triggers : undefined,
    ...settings, // whatever else it says of its runs
    asset: asset && writeAsset(asset),
    graph: { nodes: graph.nodes.map(writeNode), edges: graph.edges.map(writeEdge) },
    layout: hasLayout && layout ? layout : undefined,
  }
  const document = new Document(plain, { keepUndefined: false, aliasDuplicateObjects: false })
  const places = document.get('layout')
  if (isMap(places)) for (const { value } of places.items) if (isSeq(value)) value.flow = true
  return document.toString({ lineWidth: 120 })
}

/** An agent or a tool as YAML, without what the store sets. */
export function writeEntityYaml(entity: object): string {
  const { createdAt: _, updatedAt: __, revision: ___, ...content } = entity as Record<string, unknown>
  return stringify(content, { lineWidth: 120, keepUndefined: false, aliasDuplicateObjects: false })
}

/** The workflow that the text describes; what the store set is taken from `base`. */
export function readYaml(text: string, base: Workflow): { workflow: Workflow } | { faults: YamlFault[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0])
      return { message, line, column: col }
    })
    return { faults }
  }
  return readFields(document.toJS({ maxAliasCount: 100 }) as Json, base)
}

/** The workflow that fields of any origin describe: a text, a stored draft. */
export function readFields(value: Json, base: Workflow): { workflow: Workflow } | { faults: YamlFault[] } {
  if (!isObject(value))
    return { faults: [atStart('This must be a mapping with the fields of one workflow.')] }
  const graph = value['graph']
  if (!isObject(graph)) return { faults: [atStart('`graph` with `nodes` and `edges` is missing.')] }
  const fault = findShapeFault(graph)
  if (fault) return { faults: [atStart(fault)] }
  return { workflow: assemble(value, graph, base) }
}

function assemble(value: JsonObject, graph: JsonObject, base: Workflow): Workflow {
  const nodes = listOf(graph['nodes']) as unknown as (Partial<GraphNode> & Pick<GraphNode, 'id' | 'type'>)[]
  const edges = listOf(graph['edges']) as unknown as GraphEdge[]
  return {
    ...(value as unknown as Partial<Workflow>), // a field that is unknown is told by the server, not dropped here
    id: base.id === NEW_ID ? String(value['id'] ?? NEW_ID) : base.id,
    name: typeof value['name'] === 'string' ? value['name'] : base.name,
    projectId: typeof value['projectId'] === 'string' ? value['projectId'] : base.projectId,
    inputSchema: value['inputSchema'] as JsonSchema | undefined,
    triggers: listOf(value['triggers']) as unknown as Trigger[],
    ...('asset' in value && { asset: completeAsset(value['asset']) }),
    graph: {
      nodes: nodes.map((node) => ({
        ...node,
        id: String(node.id),
        label: node.label ?? '',
        config: node.config ?? {},
      })),
      edges: edges.map(readEdge),
    },
    ...(base.revision === undefined ? {} : { revision: base.revision }),
    ...(base.createdAt === undefined ? {} : { createdAt: base.createdAt }),
    ...(base.updatedAt === undefined ? {} : { updatedAt: base.updatedAt }),
  }
}

/** What would keep the canvas from drawing: a list that is none, a node without an id. */
function findShapeFault(graph: JsonObject): string | undefined {
  for (const [field, needed] of [
    ['nodes', ['id', 'type']],
    ['edges', ['id', 'fromNodeId', 'toNodeId']],
  ] as const) {
    const list = graph[field] ?? []
    if (!Array.isArray(list)) return `\`graph.${field}\` must be a list.`
    for (const [at, item] of list.entries()) {
      if (!isObject(item)) return `\`graph.${field}[${at}]\` must be a mapping.`
      const missing = needed.find(
        (name) => item[name] === undefined || item[name] === null || item[name] === '',
      )
      if (missing) return `\`graph.${field}[${at}]\` has no \`${missing}\`.`
    }
  }
  return undefined
}

function readEdge(edge: GraphEdge): GraphEdge {
  const { condition, ...bare } = edge as Omit<GraphEdge, 'condition'> & { condition?: Json }
  const ids = { id: String(bare.id), fromNodeId: String(bare.fromNodeId), toNodeId: String(bare.toNodeId) }
  if (condition === undefined || condition === null) return { ...bare, ...ids }
  // YAML reads `condition: true` as a boolean; authors mean the literal.
  return { ...bare, ...ids, condition: typeof condition === 'string' ? condition : JSON.stringify(condition) }
}

function writeNode({ id, type, label, agentId, toolId, workflowId, config, ...unknown }: GraphNode): object {
  return {
    id,
    type,
    label: label || undefined,
    agentId,
    toolId,
    workflowId,
    config: Object.keys(config).length ? config : undefined,
    ...unknown,
  }
}

function writeEdge({ id, fromNodeId, toNodeId, condition, ...unknown }: GraphEdge): object {
  return { id, fromNodeId, toNodeId, condition, ...unknown }
}

function atStart(message: string): YamlFault {
  return { message, line: 1, column: 1 }
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : []
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Where the places that issues name (`$.graph.nodes[2].config.prompt`) stand in the text; the closest around where
 *  there is no such field. */
export function findInYaml(text: string, paths: readonly string[]): { line: number; column: number }[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  return paths.map((path) => {
    const steps = readPath(path)
    for (let length = steps.length; length > 0; length -= 1) {
      const found: unknown = document.getIn(steps.slice(0, length), true)
      if (isNode(found) && found.range) {
        const { line, col } = lines.linePos(found.range[0])
        return { line, column: col }
      }
    }
    return { line: 1, column: 1 }
  })
}

/** The steps of a path: `$.a[0]["b c"]` → a, 0, b c. */
function readPath(path: string): (string | number)[] {
  const steps: (string | number)[] = []
  for (const [, name, at, quoted] of path.matchAll(/\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)) {
    if (name !== undefined) steps.push(name)
    else if (at !== undefined) steps.push(Number(at))
    else if (quoted !== undefined) steps.push(JSON.parse(quoted) as string)
  }
  return steps
}
