import { useContext } from 'react'
import { findNode } from '../../graph/edits'
import { isInField, isWarning, messageOf } from '../../graph/issues'
import { nodeFields } from '../../types/types'
import { Icon } from '../../ui/icons'
import { issuesOf } from '../issuesOf'
import { graphOf } from '../state'
import { useEditor } from '../useEditor'
import { SubjectContext } from './PlacedField'
import { Message } from '../../ui/Message'

/** Fields that tell their own faults, beside those of a node's config. */
const SHOWN = [
  'id',
  'name',
  'description',
  'projectId',
  'inputSchema',
  'triggers',
  'concurrency',
  'budget',
  'asset',
  'label',
  'agentId',
  'edges',
  'toolId',
  'workflowId',
  'condition',
]

/** The faults of what is selected that no field below tells: those of all of it, and of settings that it does not have. */
export function OtherIssues() {
  const subject = useContext(SubjectContext)
  const issues = useEditor((state) => issuesOf(state, subject))
  const type = useEditor((state) =>
    subject.kind === 'node' ? findNode(graphOf(state), subject.id)?.type : undefined,
  )
  const settings = type === undefined ? [] : nodeFields(type).map(({ name }) => `config.${name}`)
  const shown = [...SHOWN, ...settings]
  const others = issues.filter(({ field }) => !shown.some((place) => isInField(field, place)))
  if (others.length === 0) return null
  return (
    <ul className="plain stack">
      {others.map((one) => (
        <li
          key={`${one.issue.code} ${one.issue.message}`}
          className={isWarning(one) ? 'notice notice-warn' : 'notice notice-bad'}
        >
          <Icon name="warning" />
          <span className="small">
            {isWarning(one) && 'Note: '}
            <Message text={messageOf(one)} />
          </span>
        </li>
      ))}
    </ul>
  )
}
