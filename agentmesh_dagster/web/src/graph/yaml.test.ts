import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Json, Workflow } from '../api/types'
import { completeAsset } from './assets'
import { graphOf, node, workflowOf } from './samples'
import { readYaml, writeYaml } from './yaml'

const examples = import.meta.glob<string>('../../../../workflows/*.yaml', {
  query: '?raw',
  import: 'default',
  eager: true,
})

function readBack(workflow: Workflow): Workflow {
  const read = readYaml(writeYaml(workflow), workflow)
  if ('faults' in read) throw new Error(JSON.stringify(read.faults))
  return read.workflow
}

describe('round trip', () => {
  it.each(Object.entries(examples))('loses nothing of %s', (_, text) => {
    const document = parse(text) as { workflows: Workflow[] }
    for (const written of document.workflows) {
      const nodes = written.graph.nodes.map((one) => ({
        ...one,
        label: one.label ?? '',
        config: one.config ?? {},
      }))
      const workflow = {
        ...workflowOf({ nodes, edges: written.graph.edges }),
        ...written,
        ...(written.asset && { asset: completeAsset(written.asset as unknown as Json) }), // with what goes without saying
        graph: { nodes, edges: written.graph.edges },
      }
      expect(readBack(workflow)).toEqual(workflow)
    }
  })
  it('keeps texts that YAML would read as something else', () => {
    const graph = graphOf('1>true', [
      node('1', 'start'),
      node('true', 'end', {
        output: ['yes', '1', 'null', '2026-01-01', 'a\nb\n', ' x ', '{{ context.input }}'],
      }),
    ])
    graph.edges[0] = { id: '7', fromNodeId: '1', toNodeId: 'true', condition: 'true' }
    const workflow = workflowOf(graph, { revision: 4, description: '# no: comment' })
    expect(readBack(workflow)).toEqual(workflow)
  })
  it('takes revision and times from the workflow that was open', () => {
    const workflow = workflowOf(graphOf('start>end'), { revision: 4, createdAt: '2026-01-01T00:00:00Z' })
    expect(writeYaml(workflow)).not.toContain('revision')
    expect(readBack(workflow).revision).toBe(4)
  })
})

describe('faults', () => {
  const base = workflowOf(graphOf('start>end'))
  it.each([
    ['name: [', 2, /flow/i],
    ['- a', 1, /mapping/],
    ['name: x', 1, /graph/],
    ['graph: {nodes: 3}', 1, /graph\.nodes/],
    ['graph: {nodes: [{id: a}]}', 1, /nodes\[0\].*type/],
    ['graph: {nodes: [x]}', 1, /nodes\[0\]/],
  ])('are told for %j', (text, line, message) => {
    const read = readYaml(`${text}\n`, base)
    expect('faults' in read && read.faults[0]).toMatchObject({
      line,
      message: expect.stringMatching(message) as string,
    })
  })
  it('numbers and booleans that authors mean as text are taken as text', () => {
    const read = readYaml(
      'graph: {nodes: [{id: 1, type: start}], edges: [{id: 2, fromNodeId: 1, toNodeId: 1, condition: false}]}',
      base,
    )
    expect('workflow' in read && read.workflow.graph).toEqual({
      nodes: [{ id: '1', type: 'start', label: '', config: {} }],
      edges: [{ id: '2', fromNodeId: '1', toNodeId: '1', condition: 'false' }],
    })
  })
})
