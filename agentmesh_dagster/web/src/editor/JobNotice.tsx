import { useWorkflowJob } from '../api/catalogue'
import { Icon } from '../ui/icons'
import { useEditor } from './useEditor'
import { Message } from '../ui/Message'

/** Says that Dagster has no job for the workflow, and why. */
export function JobNotice() {
  const { id, revision } = useEditor((state) => state.saved)
  const problem = useWorkflowJob(id, revision).data?.problem
  if (!problem) return null
  return (
    <div className="notice notice-warn editor-notice" role="status">
      <Icon name="warning" />
      <span className="grow">
        <strong>Dagster has no job for it.</strong> <Message text={problem} />
      </span>
    </div>
  )
}
