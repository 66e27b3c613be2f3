import { describeAwaited } from '../live/awaited'
import type { Span } from '../live/foldStep'
import { NodeIcon } from '../../types/NodeIcon'
import { Icon, STATUS_ICONS } from '../../ui/icons'
import { statusWord } from '../../ui/statusWords'
import { formatDuration, formatElapsed } from '../../ui/times'
import { formatCount } from './figures'
import type { Row } from './rows'
import { percent } from './TimelineHead'
import { fitLabel } from './timeScale'
import type { TimeScale } from './timeScale'

interface Props {
  id: string
  row: Row
  at: number
  top: number
  scale: TimeScale
  now: number
  isActive: boolean
  isChosen: boolean
  onAct: () => void
}

/** One step, or one group of steps: its name, its status, and when it was at work. */
export function TimelineRow({ id, row, at, top, scale, now, isActive, isChosen, onAct }: Props) {
  const isGroup = row.kind === 'group'
  const spans = isGroup ? extentOf(row.steps.flatMap((step) => step.spans)) : row.step.spans
  const took = tookOf(spans, now)
  const classes = ['timeline-row', isActive && 'timeline-row-active', isChosen && 'timeline-row-chosen']
  return (
    // The grid has the focus and the keys; a row is reached through it.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      className={classes.filter(Boolean).join(' ')}
      role="row"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-rowindex={at + 1}
      aria-expanded={isGroup ? row.isOpen : undefined}
      aria-selected={isChosen}
      style={{ top }}
      onClick={onAct}
    >
      <span className="timeline-label" role="gridcell" style={{ paddingInlineStart: 12 + row.depth * 18 }}>
        {isGroup ? (
          <Icon name={row.isOpen ? 'down' : 'chevron'} size={14} />
        ) : (
          <NodeIcon type={row.nodeType} size={14} />
        )}
        <span
          className="truncate grow"
          dir="auto"
          title={row.detail ? `${row.label}: ${row.detail}` : row.label}
        >
          {row.label}
          {row.detail && <span className="muted small"> {row.detail}</span>}
        </span>
        {isGroup && row.count && <span className="muted small">{formatCount(...row.count)}</span>}
        <span className={`timeline-status timeline-status-${row.status}`} title={statusWord(row.status)}>
          <Icon name={STATUS_ICONS[row.status]} size={14} />
          <span className="visually-hidden">{statusWord(row.status)}</span>
        </span>
      </span>
      <span className="timeline-bars" role="gridcell">
        {spans.map((span) => (
          <Bar key={`${span.kind} ${span.from}`} span={span} isGroup={isGroup} scale={scale} now={now} />
        ))}
      </span>
      <span className="timeline-took" role="gridcell">
        {took}
      </span>
    </div>
  )
}

function Bar({ span, isGroup, scale, now }: { span: Span; isGroup: boolean; scale: TimeScale; now: number }) {
  const from = Date.parse(span.from)
  const to = span.to === undefined ? now : Date.parse(span.to)
  const start = scale.place(from)
  const length = scale.place(to) - start
  const words = span.kind === 'wait' && fitLabel(wordsOfWait(span, to - from), length * scale.width)
  const look = span.kind === 'wait' ? 'wait' : isGroup ? 'group' : (span.outcome ?? 'running')
  return (
    <span
      className={`timeline-bar timeline-bar-${look}`}
      style={{ insetInlineStart: percent(start), width: `max(3px, ${percent(length)})` }}
      title={describeSpan(span, isGroup, to - from)}
    >
      {words && <span className="timeline-wait-word">{words}</span>}
    </span>
  )
}

function describeSpan(span: Span, isGroup: boolean, ms: number): string {
  const isOpen = span.to === undefined
  const took = isOpen ? `${formatElapsed(ms)} so far` : formatDuration(ms)
  if (isGroup) return `${took} from the first to the last`
  if (span.kind === 'wait') {
    const what = span.awaited ? ` ${describeAwaited(span.awaited)}` : ''
    return `${isOpen ? 'Waiting' : 'Waited'}${what}: ${took}`
  }
  return `Attempt ${span.attempt}: ${took}${span.error ? `, ${span.error}` : ''}`
}

/** What a bar says, if there is room for it. */
function wordsOfWait(span: Span, ms: number): string[] {
  const took = formatSpan(span, ms)
  return [`${span.to === undefined ? 'waiting for' : 'waited'} ${took}`, took]
}

function formatSpan({ to }: Span, ms: number): string {
  return to === undefined ? formatElapsed(ms) : formatDuration(ms)
}

/** One stretch from the first beginning to the last end. */
function extentOf(spans: readonly Span[]): readonly Span[] {
  const [first] = spans
  if (first === undefined) return []
  let { from, to } = first
  for (const span of spans) {
    if (span.from < from) from = span.from
    to = to === undefined || span.to === undefined ? undefined : span.to > to ? span.to : to
  }
  return [{ kind: 'work', attempt: 1, from, to }]
}

function tookOf(spans: readonly Span[], now: number): string | undefined {
  const [first, last] = [spans[0], spans.at(-1)]
  if (first === undefined || last === undefined) return undefined
  return formatSpan(last, (last.to === undefined ? now : Date.parse(last.to)) - Date.parse(first.from))
}
