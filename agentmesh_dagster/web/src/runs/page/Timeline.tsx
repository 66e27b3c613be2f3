import { useEffect, useId, useMemo, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import type { Run } from '../../api/types'
import type { RunStep } from '../live/runSteps'
import type { Selection } from './place'
import type { Levels } from './levels'
import { listRows } from './rows'
import type { GroupRow, Row } from './rows'
import { TimelineHead } from './TimelineHead'
import { TimelineRow } from './TimelineRow'
import { makeScale } from './timeScale'
import { useNow } from '../../ui/useNow'
import { useWidth } from './useWidth'
import { showRow, useWindow } from './useWindow'
import './Timeline.css'

interface Props {
  run: Run
  levels: Levels
  steps: readonly RunStep[]
  chosenStepId: string | undefined
  onChoose: (chosen: Selection) => void
}

const ROW_HEIGHT = 32
const HEAD_HEIGHT = 34

/** The steps of a run below each other, each with the time that it took: work, and waits for a person. */
export function Timeline({ run, levels, steps, chosenStepId, onChoose }: Props) {
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map())
  const rows = useMemo(
    () => listRows(levels, steps, opened, chosenStepId),
    [levels, steps, opened, chosenStepId],
  )
  const now = useNow(run.finishedAt === undefined)
  const axis = useRef<HTMLSpanElement>(null)
  const width = useWidth(axis)
  const scale = useMemo(() => scaleOf(run, steps, now, width), [run, steps, now, width])
  const chosenAt = rows.findIndex((row) => isChosen(row, chosenStepId))
  const [active, setActive] = useState(0)
  const [followed, setFollowed] = useState(-1)
  if (chosenAt !== followed) {
    setFollowed(chosenAt)
    if (chosenAt >= 0) setActive(chosenAt)
  }
  const scroller = useRef<HTMLDivElement>(null)
  const { first, end } = useWindow(scroller, rows.length, ROW_HEIGHT)
  const base = useId()
  const at = Math.min(active, rows.length - 1)

  useEffect(() => {
    if (chosenAt >= 0) showRow(scroller.current, chosenAt, ROW_HEIGHT, HEAD_HEIGHT)
  }, [chosenAt])
  const toggle = (row: GroupRow) => setOpened((before) => new Map(before).set(row.key, !row.isOpen))
  const act = (row: Row) => {
    if (row.kind === 'group') toggle(row)
    else onChoose({ nodeId: row.step.nodeId, path: row.step.path })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[at]
    if (!row) return
    const page = Math.max(1, end - first - 16)
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    }
    const next = moves[event.key]
    if (next !== undefined) {
      const to = Math.min(Math.max(next, 0), rows.length - 1)
      setActive(to)
      showRow(scroller.current, to, ROW_HEIGHT, HEAD_HEIGHT)
    } else if (event.key === 'Enter' || event.key === ' ') act(row)
    else if (row.kind === 'group' && event.key === (row.isOpen ? 'ArrowLeft' : 'ArrowRight')) toggle(row)
    else return
    event.preventDefault()
  }
  return (
    <div className="timeline" ref={scroller}>
      <TimelineHead scale={scale} axis={axis} />
      <div
        className="timeline-rows"
        role="treegrid"
        aria-label="Steps"
        aria-rowcount={rows.length}
        aria-activedescendant={at >= first && at < end ? `${base}-${at}` : undefined}
        tabIndex={0}
        style={{ height: rows.length * ROW_HEIGHT }}
        onKeyDown={onKeyDown}
      >
        {rows.slice(first, end).map((row, offset) => (
          <TimelineRow
            key={row.key}
            id={`${base}-${first + offset}`}
            row={row}
            at={first + offset}
            top={(first + offset) * ROW_HEIGHT}
            scale={scale}
            now={now}
            isActive={first + offset === at}
            isChosen={first + offset === chosenAt}
            onAct={() => {
              setActive(first + offset)
              act(row)
            }}
          />
        ))}
      </div>
    </div>
  )
}

function scaleOf(run: Run, steps: readonly RunStep[], now: number, width: number) {
  const work = steps.flatMap((step) =>
    step.spans
      .filter(({ kind }) => kind === 'work')
      .map(({ from, to }) => ({ from: Date.parse(from), to: to === undefined ? now : Date.parse(to) })),
  )
  // Steps that were taken over from another run began before this one: they stand at its start.
  const from = run.startedAt ? Date.parse(run.startedAt) : (work[0]?.from ?? now)
  return makeScale({ from, to: run.finishedAt ? Date.parse(run.finishedAt) : now }, work, width)
}

function isChosen(row: Row, stepId: string | undefined): boolean {
  return row.kind === 'step' && row.step.stepId === stepId
}
