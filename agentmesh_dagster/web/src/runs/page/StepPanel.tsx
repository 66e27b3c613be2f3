import { useEffect, useMemo } from 'react'
import { Link } from 'wouter'
import { GatePanel } from '../../approvals/GatePanel'
import type { EventLog, GraphNode } from '../../api/types'
import { largeOf } from '../../api/whole'
import { addresses } from '../../app/addresses'
import { titleOf } from '../../graph/edits'
import { ForkButton } from '../fork/ForkButton'
import { describeAwaited } from '../live/awaited'
import type { RunStep } from '../live/runSteps'
import { NodeIcon } from '../../types/NodeIcon'
import { nodeType } from '../../types/types'
import { JsonView } from '../../ui/JsonView'
import { Icon } from '../../ui/icons'
import { shownStatus } from '../../ui/statusWords'
import { StatusChip } from '../../ui/StatusChip'
import { Tabs } from '../../ui/Tabs'
import type { Tab } from '../../ui/Tabs'
import { Duration, Time } from '../../ui/Time'
import { AttemptList } from './AttemptList'
import { CallList } from './CallList'
import { listCalls } from './conversation'
import { formatCost, formatTokens } from './figures'
import { ErrorText } from './ErrorText'
import { LargeView } from './LargeView'
import { OutputView } from './OutputView'
import type { StepTab } from './place'

interface Props {
  runId: string
  node: GraphNode
  step: RunStep
  /** Where it stands, in words. */
  where: string
  events: readonly EventLog[]
  tab: StepTab | undefined
  onTab: (tab: StepTab) => void
  /** Reads the steps anew: a step that has just begun was not listed yet. */
  onMissing: () => void
}

/** All that is known of one step. */
export function StepPanel({ runId, node, step, where, events, tab, onTab, onMissing }: Props) {
  const { stepId, isListed, status } = step
  const isGate = nodeType(node.type).asks && step.spans.length > 0
  const tabs = useMemo(() => listTabs(node, isGate), [node, isGate])
  const chosen = tabs.find(({ key }) => key === tab)?.key ?? tabs[0]?.key ?? 'output'
  const calls = useMemo(() => listCalls(events, stepId), [events, stepId])
  useEffect(() => {
    if (!isListed) onMissing()
  }, [isListed, onMissing])
  const isRunning = status === 'running'
  const wholeOf = (field: 'input' | 'output' | 'error') => ({ of: 'step', id: stepId, field }) as const
  const output = largeOf(step.cut?.['output'], wholeOf('output'))
  return (
    <div className="stack">
      <StepFacts runId={runId} node={node} step={step} where={where} />
      {step.error !== undefined && (
        <div className={shownStatus(step) === step.status ? 'notice notice-bad' : 'notice notice-warn'}>
          <Icon name="warning" />
          <div>
            {shownStatus(step) === 'caught' && <strong>It failed, and was caught. </strong>}
            {shownStatus(step) === 'fallback' && <strong>It failed, and has its fallback. </strong>}
            <ErrorText text={step.error} large={largeOf(step.cut?.['error'], wholeOf('error'))} />
          </div>
        </div>
      )}
      <Tabs label="Of the step" tabs={tabs} chosen={chosen} onChoose={onTab}>
        {chosen === 'answer' && <GatePanel stepId={stepId} steps={[]} isShort />}
        {chosen === 'output' &&
          (step.output === undefined && !output ? (
            <p className="muted">{describeNoOutput(step)}</p>
          ) : (
            <OutputView value={step.output} large={output} label="Output" />
          ))}
        {chosen === 'input' &&
          (isListed ? (
            <LargeView
              value={step.input}
              large={largeOf(step.cut?.['input'], wholeOf('input'))}
              label="Input"
            >
              {(value) => <JsonView value={value} label="Input" />}
            </LargeView>
          ) : (
            <p className="muted">The input is being read …</p>
          ))}
        {chosen === 'calls' && <CallList calls={calls} isRunning={isRunning} />}
        {chosen === 'attempts' && <AttemptList step={step} />}
      </Tabs>
    </div>
  )
}

function StepFacts({ runId, node, step, where }: Pick<Props, 'runId' | 'node' | 'step' | 'where'>) {
  const title = titleOf(node)
  return (
    <div className="step-facts">
      <h2 className="step-title">
        <NodeIcon type={node.type} size={18} />
        <span dir="auto">{title}</span>
        {where && (
          <span className="muted" dir="auto" title={`Path: ${step.path}`}>
            {where}
          </span>
        )}
      </h2>
      <div className="row row-wrap small muted">
        <StatusChip
          status={shownStatus(step)}
          detail={step.attempt > 1 ? `attempt ${step.attempt}` : undefined}
        />
        {step.awaited && step.awaited.kind !== 'person' && (
          <span dir="auto">
            {describeAwaited(step.awaited)}
            {step.awaited.until && (
              <>
                , until <Time at={step.awaited.until} mayBeAhead />
              </>
            )}
          </span>
        )}
        {step.startedAt && (
          <>
            <Time at={step.startedAt} />
            <Duration from={step.startedAt} to={step.finishedAt} />
          </>
        )}
        {step.usage && (
          <span>{[formatTokens(step.usage), formatCost(step.usage)].filter(Boolean).join(' · ')}</span>
        )}
        {step.childRunId && (
          <Link href={addresses.run(step.childRunId)} title={`Run ${step.childRunId}`}>
            Open its run
          </Link>
        )}
        <ForkButton runId={runId} node={node} path={step.path} />
      </div>
      {step.takenOverFrom && (
        <p className="notice small">
          <Icon name="info" size={14} />
          <span>
            Taken over from run{' '}
            <Link href={addresses.run(step.takenOverFrom)} className="mono">
              {step.takenOverFrom.slice(0, 8)}
            </Link>
            {step.editedBy ? (
              <>
                ; <strong dir="auto">{step.editedBy}</strong> has edited the output
              </>
            ) : (
              ': it was not executed here'
            )}
            .
          </span>
        </p>
      )}
    </div>
  )
}

function listTabs(node: GraphNode, isGate: boolean): Tab<StepTab>[] {
  const { names } = nodeType(node.type)
  const calls = names === 'agent' ? 'Model' : names === 'tool' ? 'Calls' : undefined
  return [
    ...(isGate ? [{ key: 'answer', label: 'Approval' } as const] : []),
    { key: 'output', label: 'Output' },
    { key: 'input', label: 'Input' },
    ...(calls ? [{ key: 'calls', label: calls } as const] : []),
    { key: 'attempts', label: 'Attempts' },
  ]
}

function describeNoOutput({ status }: RunStep): string {
  switch (status) {
    case 'skipped':
      return 'No edge to this step was taken, so it was skipped.'
    case 'waiting_human':
      return 'The answer will be the output.'
    case 'waiting':
      return 'What the step waits for will be the output.'
    case 'failed':
    case 'canceled':
      return 'There is no output.'
    default:
      return 'There is no output yet.'
  }
}
