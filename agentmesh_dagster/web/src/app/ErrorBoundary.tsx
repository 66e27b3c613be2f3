import { Component } from 'react'
import type { ReactNode } from 'react'
import { Fault } from '../ui/states'

interface Props {
  children: ReactNode
  /** Another place is another try. */
  place: string
}

interface State {
  error: unknown
  place: string
}

/** What is shown when a page breaks: the header stays, and one can try again or go elsewhere. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: undefined, place: this.props.place }

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.place === state.place ? null : { error: undefined, place: props.place }
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children
    return (
      <div className="page">
        <Fault error={this.state.error} onRetry={() => this.setState({ error: undefined })} />
      </div>
    )
  }
}
