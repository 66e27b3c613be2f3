import { useMutation } from '@tanstack/react-query'
import { describeError } from '../api/problem'
import { logOut, useSession } from '../api/session'
import { Icon } from '../ui/icons'
import { useToast } from './toasts'

/** Who is logged in, as what, and the way out. */
export function Person() {
  const { data: session } = useSession()
  const say = useToast()
  const leave = useMutation({
    mutationFn: logOut,
    onError: (error) => say({ text: describeError(error), kind: 'bad' }),
  })
  if (!session) return null
  if (!session.login) {
    return (
      <span
        className="header-person muted small"
        title="AGENTMESH_AUTH is off: whoever reaches this page may do everything."
      >
        No login
      </span>
    )
  }
  return (
    <>
      <span className="header-person" title={`${session.name} is ${session.role}`}>
        <Icon name="person" size={14} />
        <span className="truncate">{session.name}</span>
        {session.role !== session.name && <span className="muted small">{session.role}</span>}
      </span>
      <button
        type="button"
        className="button button-quiet button-small"
        disabled={leave.isPending}
        onClick={() => leave.mutate()}
      >
        Log out
      </button>
    </>
  )
}
