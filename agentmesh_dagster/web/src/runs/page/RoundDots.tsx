import type { RoundStatuses } from './rounds'

const MOST = 8

/** What became of the rounds, one dot each; of many the newest. */
export function RoundDots({ rounds }: { rounds: RoundStatuses }) {
  const first = Math.max(0, rounds.length - MOST)
  return (
    <span className="round-dots" aria-hidden="true">
      {first > 0 && <span className="round-dots-more">+{first}</span>}
      {rounds.slice(first).map((status, at) => (
        // A round keeps its place, and has no other name.
        // oxlint-disable-next-line react/no-array-index-key
        <span key={first + at} className={`round-dot round-dot-${status ?? 'unreached'}`} />
      ))}
    </span>
  )
}
