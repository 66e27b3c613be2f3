import { useContext } from 'react'
import { isInField, isWarning } from '../../graph/issues'
import { Icon } from '../../ui/icons'
import { issuesOf } from '../issuesOf'
import { useEditor } from '../useEditor'
import { SubjectContext } from './PlacedField'
import { Message } from '../../ui/Message'

/** Fields that tell their own faults. */
const SHOWN = [
  'id',
  'name',
  'description',
  'projectId',
  'inputSchema',
  'triggers',
  'label',
  'agentId',
  'edges',
  'toolId',
  'condition',
  ...[
    'prompt',
    'outputSchema',
    'systemPrompt',
    'modelName',
    'temperature',
    'maxTokens',
    'maxToolRounds',
    'input',
    'mode',
    'condition',
    'onNoMatch',
    'items',
    'maxItems',
    'join',
    'instructions',
    'assignees',
    'payload',
    'schema',
    'deadlineSeconds',
    'onDeadline',
    'notify',
    'output',
    'outcome',
    'retry',
    'timeoutSeconds',
    'pool',
  ].map((name) => `config.${name}`),
]

/** The faults of what is selected that no field below tells: those of all of it, and of settings that it does not have. */
export function OtherIssues() {
  const subject = useContext(SubjectContext)
  const issues = useEditor((state) => issuesOf(state, subject))
  const others = issues.filter(({ field }) => !SHOWN.some((shown) => isInField(field, shown)))
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
            <Message text={one.issue.message} />
          </span>
        </li>
      ))}
    </ul>
  )
}
