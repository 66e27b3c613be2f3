import type { Ref } from 'react'
import { fitLabel } from './timeScale'
import type { TimeScale } from './timeScale'

interface Props {
  scale: TimeScale
  /** What the times stand on. */
  axis: Ref<HTMLSpanElement>
}

/** The times above the rows, and the pauses that are drawn short. */
export function TimelineHead({ scale, axis }: Props) {
  return (
    <div className="timeline-head" aria-hidden="true">
      <span className="timeline-label">Step</span>
      <span className="timeline-bars" ref={axis}>
        {scale.ticks.map((tick) => (
          <span
            key={`${tick.at} ${tick.label}`}
            className="timeline-tick"
            style={{ insetInlineStart: percent(tick.at) }}
          >
            {tick.label}
          </span>
        ))}
        {scale.cuts.map((cut) => (
          <span
            key={cut.at}
            className="timeline-cut"
            style={{ insetInlineStart: percent(cut.at), width: percent(cut.end - cut.at) }}
            title={`${cut.label} in which nothing was at work: drawn short`}
          >
            {fitLabel([cut.label, largerUnit(cut.label)], (cut.end - cut.at) * scale.width) || '…'}
          </span>
        ))}
      </span>
      <span className="timeline-took">Duration</span>
    </div>
  )
}

/** `4 min 52 s` → `4 min` */
function largerUnit(duration: string): string {
  return duration.split(' ').slice(0, 2).join(' ')
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`
}
