import { Link } from 'wouter'
import { useTriggerHistory } from '../../api/catalogue'
import type { TriggerOutcome } from '../../api/types'
import { addresses } from '../../app/addresses'
import { Message } from '../../ui/Message'
import { Time } from '../../ui/Time'
import { useEditor } from '../useEditor'
import { Section } from './Section'

const WORDS: Record<TriggerOutcome['state'], string> = {
  waiting: 'Waiting',
  requested: 'Asked for',
  launched: 'Run',
  declined: 'No run',
  failed: 'Failed',
  missed: 'Missed',
  skipped: 'Skipped',
  joined: 'Joined',
}

/** What came of the last times and events of the triggers that are published: a run, or why there is none. */
export function TriggerHistory() {
  const { id, revision } = useEditor((state) => state.saved)
  const triggers = useTriggerHistory(id, revision).data?.items ?? []
  if (triggers.length === 0) return null
  const count = triggers.reduce((sum, { outcomes }) => sum + outcomes.length, 0)
  return (
    <Section title="Trigger history" summary={count === 0 ? 'Nothing has come yet' : `${count} lately`}>
      {triggers.map(({ key, description, outcomes }) => (
        <div key={key} className="stack trigger-history">
          <span className="small">Starts {description}</span>
          {outcomes.length === 0 && <span className="small muted">Nothing has come yet.</span>}
          <ul className="plain stack" aria-label={`History of ${description}`}>
            {outcomes.map((outcome) => (
              <li key={outcome.id} className="trigger-outcome small">
                <span className="row spread">
                  <span className="truncate">
                    <strong>{WORDS[outcome.state]}</strong>{' '}
                    {outcome.runId && (
                      <Link href={addresses.run(outcome.runId)} className="mono">
                        {outcome.runId.slice(0, 8)}
                      </Link>
                    )}{' '}
                    <span className="muted">{sourceOf(outcome)}</span>
                  </span>
                  <Time at={outcome.scheduledAt ?? outcome.arrivedAt} mayBeAhead />
                </span>
                {outcome.reason && (
                  <span className="muted">
                    <Message text={outcome.reason} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Section>
  )
}

function sourceOf({ eventId, endedRunId, assetKey, partition }: TriggerOutcome): string {
  if (assetKey) return partition ? `${assetKey} ${partition}` : assetKey
  if (eventId) return `event ${eventId}`
  return endedRunId ? `end of run ${endedRunId.slice(0, 8)}` : ''
}
