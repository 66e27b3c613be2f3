import { useContext, useState } from 'react'
import type { ReactNode } from 'react'

import { isInField, isWarning } from '../../graph/issues'
import { Icon } from '../../ui/icons'
import { issuesOf } from '../issuesOf'
import { useEditor } from '../useEditor'
import { SubjectContext } from './PlacedField'

interface Props {
  title: string
  /** The fields inside: whether one of them is faulty is seen while the section is shut. */
  places?: readonly string[]
  /** Whether it is open at first: something in it is set. */
  isOpen?: boolean
  /** What is set inside, in a few words. */
  summary?: string
  children: ReactNode
}

/** Fields that are needed less often, behind a line that says what is in them. */
export function Section({ title, places = [], isOpen = false, summary, children }: Props) {
  const [isOpenAtFirst] = useState(isOpen) // later it is for the person to open and shut
  const subject = useContext(SubjectContext)
  const isFaulty = useEditor((state) =>
    issuesOf(state, subject).some(
      (issue) => !isWarning(issue) && places.some((place) => isInField(issue.field, place)),
    ),
  )
  return (
    <details className="section" open={isOpenAtFirst}>
      <summary className="section-head">
        <Icon name="chevron" size={14} />
        <span className="section-title">{title}</span>
        {isFaulty && (
          <span className="section-fault">
            <Icon name="warning" size={13} />
            <span className="visually-hidden">with an issue</span>
          </span>
        )}
        {summary && <span className="section-summary truncate">{summary}</span>}
      </summary>
      <div className="section-body stack">{children}</div>
    </details>
  )
}
