import { useSession } from '../api/session'
import type { Gate, Session } from '../api/types'

/** Why this person may not answer; undefined if they may, or while that is not known. The server decides. */
export function useMayAnswer(gate: Gate): string | undefined {
  const { data: session } = useSession()
  return whyNotAnswer(gate, session)
}

export function whyNotAnswer({ assignees }: Gate, session: Session | undefined): string | undefined {
  if (!session) return undefined
  if (!session.permissions.includes('answer'))
    return `Your role, ${session.role}, may not answer. Ask for the role approver.`
  const isAsked = assignees.length === 0 || assignees.includes(session.name) || session.role === 'admin'
  return isAsked || !session.login ? undefined : `This asks ${assignees.join(', ')}; you are ${session.name}.`
}
