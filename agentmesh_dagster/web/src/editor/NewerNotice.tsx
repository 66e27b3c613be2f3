import type { Workflow } from '../api/types'
import { Icon } from '../ui/icons'
import { useEditor } from './useEditor'

/** Says that somebody has saved a newer revision, before one's own save is refused. */
export function NewerNotice({ newest, onShow }: { newest: Workflow; onShow: () => void }) {
  const saved = useEditor((state) => state.saved.revision)
  if (saved === undefined || newest.revision === undefined || newest.revision <= saved) return null
  return (
    <div className="notice notice-warn editor-notice" role="status">
      <Icon name="warning" />
      <span className="grow">
        Somebody has saved revision {newest.revision} meanwhile. You see revision {saved}.
      </span>
      <button type="button" className="button button-small" onClick={onShow}>
        Show the difference
      </button>
    </div>
  )
}
