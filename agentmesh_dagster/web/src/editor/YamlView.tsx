import { useEffect, useMemo, useRef, useState } from 'react'
import type { Workflow } from '../api/types'
import { findInYaml, readYaml, writeYaml } from '../graph/yaml'
import type { YamlFault } from '../graph/yaml'
import { CodeArea } from '../ui/CodeArea'
import { CopyButton } from '../ui/CopyButton'
import type { Wish } from './inspector/Inspector'
import { useTextFault } from './inspector/PlacedField'
import { allIssues } from './issuesOf'
import { changeWorkflow, settleEdits, workflowOf } from './state'
import { useEditor, useEditorStore } from './useEditor'

const WAIT_MS = 250 // after the last letter

/** The workflow as YAML: the canvas follows what is written, as soon as it can be read. */
export function YamlView({ mayEdit, wish }: { mayEdit: boolean; wish: Wish | undefined }) {
  const store = useEditorStore()
  const area = useRef<HTMLTextAreaElement>(null)
  const workflow = useEditor(workflowOf)
  const issues = useEditor(allIssues)
  const [written, setWritten] = useState<Workflow>(workflow) // what the text says
  const [text, setText] = useState(() => writeYaml(workflow))
  const [faults, setFaults] = useState<readonly YamlFault[]>([])
  const sayFault = useTextFault('yaml', 'The YAML cannot be read: the canvas shows what was read last.')
  if (workflow !== written) {
    // It was changed from outside: by undo, by a save.
    setWritten(workflow)
    setText(writeYaml(workflow))
    setFaults([])
  }
  const isReadable = faults.length === 0
  useEffect(() => {
    if (isReadable) sayFault(false)
  }, [isReadable, sayFault])
  const readSoon = useReader((read) => {
    sayFault('faults' in read)
    if ('faults' in read) return setFaults(read.faults)
    setFaults([])
    setWritten(read.workflow)
    store.change((state) => changeWorkflow(state, () => read.workflow, 'yaml'))
  })
  const places = useMemo(
    () =>
      findInYaml(
        text,
        issues.map(({ issue }) => issue.path ?? '$'),
      ),
    [text, issues],
  )
  const shown =
    faults.length > 0
      ? faults
      : issues.map(({ issue }, at) => ({ message: issue.message, ...(places[at] ?? FIRST) }))

  useEffect(() => {
    const place = wish && findInYaml(area.current?.value ?? '', [wish.issue.issue.path ?? '$'])[0]
    if (place) goToLine(area.current, place.line)
  }, [wish])
  return (
    <div className="yaml">
      <div className="yaml-head">
        <span className="muted small">
          The whole workflow; the canvas follows it. Comments are not kept. Store it as a file under
          workflows/, and `agentmesh apply` reads it.
        </span>
        <CopyButton text={() => text} what="the YAML" />
      </div>
      <CodeArea
        text={text}
        onText={(next) => {
          setText(next)
          readSoon(next, workflow)
        }}
        onBlur={() => store.change(settleEdits)}
        label="Workflow as YAML"
        faults={shown}
        lines={[20, 2000]}
        fieldRef={area}
        readOnly={!mayEdit}
      />
    </div>
  )
}

const FIRST = { line: 1, column: 1 }

type Read = ReturnType<typeof readYaml>

/** Reads the text a moment after the last letter. */
function useReader(onRead: (read: Read) => void): (text: string, base: Workflow) => void {
  const newest = useRef(onRead)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    newest.current = onRead
  })
  useEffect(() => () => clearTimeout(timer.current), [])
  return (text, base) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => newest.current(readYaml(text, base)), WAIT_MS)
  }
}

function goToLine(area: HTMLTextAreaElement | null, line: number): void {
  if (!area) return
  const lines = area.value.split('\n')
  const from = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  area.focus()
  area.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0))
  area.scrollTop = Math.max(0, (line - 5) * 19)
}
