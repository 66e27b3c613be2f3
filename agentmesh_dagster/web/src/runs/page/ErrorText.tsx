import type { Large } from '../../api/whole'
import { LargeView } from './LargeView'
import { Message } from '../../ui/Message'

/** Why a step or a run has failed. */
export function ErrorText({ text, large }: { text: string; large: Large | undefined }) {
  return (
    <LargeView value={text} large={large} label="Error">
      {(value) => (
        <p className="step-error" dir="auto">
          <Message text={String(value)} />
        </p>
      )}
    </LargeView>
  )
}
