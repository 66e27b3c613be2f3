import { useEffect } from 'react'
import type { ReactNode } from 'react'
import './Page.css'

interface Props {
  title: string
  /** Links to where the page belongs; its own name is put behind them. */
  trail?: ReactNode
  /** Stands behind the title: a status. */
  beside?: ReactNode
  description?: ReactNode
  /** Buttons, the main one last. */
  actions?: ReactNode
  /** The title and its buttons stay in sight: for long forms. */
  isHeadSticky?: boolean
  children: ReactNode
}

/** The frame of a page: its title, where it belongs, what can be done. Sets the title of the window too. */
export function Page({ title, trail, beside, description, actions, isHeadSticky, children }: Props) {
  useTitle(title)
  return (
    <div className="page">
      <div className={isHeadSticky ? 'page-head page-head-sticky' : 'page-head'}>
        <div className="grow">
          {trail && (
            <nav className="page-trail" aria-label="Where this belongs">
              {trail}
              <span className="truncate muted" aria-current="page" dir="auto">
                {title}
              </span>
            </nav>
          )}
          <div className="row row-wrap">
            <h1 dir="auto" title={title}>
              {title}
            </h1>
            {beside}
          </div>
          {description && (
            <div className="page-description muted" dir="auto">
              {description}
            </div>
          )}
        </div>
        {actions && <div className="row page-actions">{actions}</div>}
      </div>
      {children}
    </div>
  )
}

/** For pages that have a frame of their own. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · AgentMesh` : 'AgentMesh'
  }, [title])
}
