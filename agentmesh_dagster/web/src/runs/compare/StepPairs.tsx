import { useEffect, useRef, useState } from 'react'
import type { Step } from '../../api/types'
import { titleOf } from '../../graph/edits'
import { NodeIcon } from '../../types/NodeIcon'
import { CheckFilter } from '../../ui/Filters'
import { shownStatus } from '../../ui/statusWords'
import { StatusChip } from '../../ui/StatusChip'
import { Duration } from '../../ui/Time'
import { formatCount } from '../page/figures'
import { choosePairs, compareValues, sumUp } from './comparing'
import type { Difference, StepPair } from './comparing'
import { ValueDiff } from './ValueDiff'

const MOST_ROWS = 300

const WORDS: Readonly<Record<Difference, string>> = {
  status: 'ended otherwise',
  output: 'another output',
  'not compared': 'looks the same',
  'first only': 'only in the first',
  'second only': 'only in the second',
}

/** The steps of both runs; at first those that differ, or may differ. */
export function StepPairs({ pairs, chosenId }: { pairs: readonly StepPair[]; chosenId: string | undefined }) {
  const [showsAll, setShowsAll] = useState(false)
  const { shown, hidden } = choosePairs(pairs, { chosenId, showsAll, most: MOST_ROWS })
  return (
    <div className="stack">
      <div className="row row-wrap">
        <span className="muted">{sumUp(pairs)}</span>
        <CheckFilter
          label={`Show all ${formatCount(pairs.length, 'step')}`}
          isOn={showsAll}
          onChange={setShowsAll}
        />
      </div>
      {shown.map((pair) => (
        <Pair key={pair.key} pair={pair} isChosen={pair.nodeId === chosenId} />
      ))}
      {hidden > 0 && <p className="muted">{hidden} more are not shown: choose their node in a graph.</p>}
    </div>
  )
}

function Pair({ pair, isChosen }: { pair: StepPair; isChosen: boolean }) {
  const { node, nodeId, path, one, other, difference } = pair
  const [opened, setOpened] = useState<boolean>() // by somebody
  const [wasChosen, setWasChosen] = useState(isChosen)
  if (wasChosen !== isChosen) {
    setWasChosen(isChosen)
    if (isChosen && opened === false) setOpened(undefined) // to choose it is to ask for it again
  }
  const isOpen = opened ?? isChosen
  const element = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    if (isChosen) element.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  return (
    <details ref={element} className="card compare-step" open={isOpen}>
      <summary
        onClick={(event) => {
          event.preventDefault() // `open` alone says it: the browser's toggle also tells of what nobody pressed
          setOpened(!isOpen)
        }}
      >
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
      {one && other && compareValues(one, other, field) === 'same' ? (
        <p className="muted small">The same.</p>
      ) : (
        <ValueDiff of="step" field={field} one={one} other={other} />
      )}
    </section>
  )
}
