import { useEffect, useRef, useState } from 'react'
import type { Step } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { NodeIcon } from '../../types/NodeIcon'
import { CheckFilter } from '../../ui/Filters'
import { shownStatus } from '../../ui/statusWords'
import { StatusChip } from '../../ui/StatusChip'
import { Duration } from '../../ui/Time'
import { formatCount } from '../page/figures'
import { isSameValue } from './comparing'
import type { Difference, StepPair } from './comparing'
import { ValueDiff } from './ValueDiff'

const MOST_ROWS = 300

const WORDS: Readonly<Record<Difference, string>> = {
  status: 'ended otherwise',
  output: 'another output',
  'first only': 'only in the first',
  'second only': 'only in the second',
}

/** The steps of both runs; at first those that differ. */
export function StepPairs({ pairs, chosenId }: { pairs: readonly StepPair[]; chosenId: string | undefined }) {
  const [showsAll, setShowsAll] = useState(false)
  const differing = pairs.filter(({ difference }) => difference !== undefined)
  const shown = pairs.filter(
    ({ difference, nodeId }) => showsAll || difference !== undefined || nodeId === chosenId,
  )
  return (
    <div className="stack">
      <div className="row row-wrap">
        <span className="muted">
          {differing.length === 0
            ? 'Each step ended the same way in both, and gave the same.'
            : `${formatCount(differing.length, 'step')} of ${pairs.length} differ.`}
        </span>
        <CheckFilter
          label={`Show all ${formatCount(pairs.length, 'step')}`}
          isOn={showsAll}
          onChange={setShowsAll}
        />
      </div>
      {shown.slice(0, MOST_ROWS).map((pair) => (
        <Pair key={pair.key} pair={pair} isChosen={pair.nodeId === chosenId} />
      ))}
      {shown.length > MOST_ROWS && (
        <p className="muted">{shown.length - MOST_ROWS} more are not shown: choose their node in a graph.</p>
      )}
    </div>
  )
}

function Pair({ pair, isChosen }: { pair: StepPair; isChosen: boolean }) {
  const { node, nodeId, path, one, other, difference } = pair
  const [opened, setOpened] = useState<boolean>() // by somebody
  const isOpen = opened ?? isChosen
  const element = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    if (isChosen) element.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  return (
    <details
      ref={element}
      className="card compare-step"
      open={isOpen}
      onToggle={(event) => setOpened(event.currentTarget.open)}
    >
      <summary>
        <span className="compare-name">
          {node && <NodeIcon type={node.type} size={15} />}
          <span className="truncate" dir="auto">
            {node ? titleOf(node) : nodeId}
          </span>
          {path && <span className="muted mono small">{path}</span>}
        </span>
        <OneSide step={one} />
        <OneSide step={other} />
        <span className={difference ? 'compare-word compare-differs' : 'compare-word muted'}>
          {difference ? WORDS[difference] : 'the same'}
        </span>
      </summary>
      {isOpen && (
        <div className="stack compare-values">
          <Value pair={pair} field="input" word="Input" />
          <Value pair={pair} field="output" word="Output" />
          {(one?.error ?? other?.error) !== undefined && <Value pair={pair} field="error" word="Error" />}
        </div>
      )}
    </details>
  )
}

function OneSide({ step }: { step: Step | undefined }) {
  if (!step) return <span className="muted">–</span>
  return (
    <span className="compare-side">
      <StatusChip status={shownStatus(step)} />
      {step.editedBy !== undefined ? (
        <span className="small compare-edited" title={`Edited by ${step.editedBy}`}>
          edited
        </span>
      ) : step.takenOverFrom !== undefined ? (
        <span className="muted small">taken over</span>
      ) : (
        <span className="muted small">
          <Duration from={step.startedAt} to={step.finishedAt} />
        </span>
      )}
    </span>
  )
}

interface ValueProps {
  pair: StepPair
  field: 'input' | 'output' | 'error'
  word: string
}

function Value({ pair: { one, other }, field, word }: ValueProps) {
  return (
    <section className="stack" aria-label={word}>
      <h3 className="small">{word}</h3>
      {one && other && isSameValue(one, other, field) ? (
        <p className="muted small">The same.</p>
      ) : (
        <ValueDiff of="step" field={field} one={one} other={other} />
      )}
    </section>
  )
}
