import { QueryClientProvider } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { ComponentType } from 'react'
import { Redirect, Route, Router, Switch, useLocation } from 'wouter'
import { AgentPage } from '../entities/AgentPage'
import { ProjectPage } from '../catalogue/ProjectPage'
import { ProjectsPage } from '../catalogue/ProjectsPage'
import { RunsPage } from '../runs/RunsPage'
import { ToolPage } from '../entities/ToolPage'
import { WorkflowsPage } from '../catalogue/WorkflowsPage'
import { Loading } from '../ui/states'
import { addresses, appBase } from './addresses'
import { ErrorBoundary } from './ErrorBoundary'
import { Header } from './Header'
import { LoginDialog } from './LoginDialog'
import { NotFoundPage } from './NotFoundPage'
import { useIdInPath, useIdsInPath } from './place'
import { makeQueryClient } from './queries'
import { ToastProvider } from './toasts'

// The canvas is half of the app's size: it comes when it is needed.
const EditorPage = lazy(() => import('../editor/EditorPage'))
const RunPage = lazy(() => import('../runs/page/RunPage'))
const CompareRunsPage = lazy(() => import('../runs/compare/CompareRunsPage'))
const ApprovalsPage = lazy(() => import('../approvals/ApprovalsPage'))
const ApprovalPage = lazy(() => import('../approvals/ApprovalPage'))

export function App() {
  const [client] = useState(makeQueryClient)
  return (
    <QueryClientProvider client={client}>
      <ToastProvider>
        <Router base={appBase()}>
          <Header />
          <LoginDialog />
          <main id="main" className="main" tabIndex={-1}>
            <Pages />
          </main>
        </Router>
      </ToastProvider>
    </QueryClientProvider>
  )
}

function Pages() {
  const [place] = useLocation()
  return (
    <ErrorBoundary place={place}>
      <Suspense fallback={<WhileLoading />}>
        <Switch>
          <Route path="/">
            <Redirect to={addresses.projects} replace />
          </Route>
          <Route path="/projects" component={ProjectsPage} />
          <Route path="/projects/:id">
            <WithId page={ProjectPage} />
          </Route>
          <Route path="/workflows" component={WorkflowsPage} />
          <Route path="/workflows/:id">
            <WithId page={EditorPage} />
          </Route>
          <Route path="/agents/:id">
            <WithId page={AgentPage} />
          </Route>
          <Route path="/tools/:id">
            <WithId page={ToolPage} />
          </Route>
          <Route path="/runs" component={RunsPage} />
          <Route path="/runs/:id">
            <WithId page={RunPage} />
          </Route>
          <Route path="/runs/:id/compare/:other">
            <WithIds />
          </Route>
          <Route path="/approvals" component={ApprovalsPage} />
          <Route path="/approvals/:id">
            <WithId page={ApprovalPage} />
          </Route>
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </ErrorBoundary>
  )
}

/** A page of one entity; of another one it is another page. */
function WithId({ page: PageOfId }: { page: ComponentType<{ id: string }> }) {
  const id = useIdInPath()
  return <PageOfId key={id} id={id} />
}

/** The page of two runs. */
function WithIds() {
  const [one, other] = useIdsInPath()
  return <CompareRunsPage key={`${one} ${other}`} one={one} other={other} />
}

function WhileLoading() {
  return (
    <div className="page">
      <Loading />
    </div>
  )
}
