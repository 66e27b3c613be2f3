import { createContext, useCallback, useContext, useEffect } from 'react'
import type { ReactNode } from 'react'
import { Field } from '../../ui/Field'
import type { FieldProps } from '../../ui/Field'
import { messageOf } from '../../graph/issues'
import { faultAt, issuesOf, keyOf, THE_WORKFLOW } from '../issuesOf'
import type { Subject } from '../issuesOf'
import { useEditor, useEditorStore } from '../useEditor'
import { Message } from '../../ui/Message'

/** What the fields around belong to. */
export const SubjectContext = createContext<Subject>(THE_WORKFLOW)

/** The sentences about a field of the subject, and about what is inside of it. */
export function useFault(field: string): string | undefined {
  const subject = useContext(SubjectContext)
  return useEditor((state) => faultAt(state, subject, field)) || undefined
}

/** The sentences about the field itself, and not about what is inside of it. */
function useOwnFault(field: string): string | undefined {
  const subject = useContext(SubjectContext)
  return (
    useEditor((state) =>
      issuesOf(state, subject)
        .filter((one) => one.field === field)
        .map(messageOf)
        .join(' '),
    ) || undefined
  )
}

interface Props {
  /** Where the field is in the subject, as issues name it: `config.retry.maxAttempts`. */
  place: string
  label: string
  hint?: ReactNode
  isRequired?: boolean
  children: (field: FieldProps) => ReactNode
}

/** A field of what is selected, with the faults that were found in it. */
export function PlacedField({ place, ...field }: Props) {
  const fault = useFault(place)
  return (
    <div data-place={place}>
      <Field {...field} fault={fault} />
    </div>
  )
}

interface GroupProps extends Omit<Props, 'children'> {
  /** Whether places inside are fields that tell their own faults. */
  hasFieldsOfItsOwn?: boolean
  children: ReactNode
}

/** Several controls under one name, with the faults that were found in them. */
export function PlacedGroup({ place, label, hint, hasFieldsOfItsOwn = false, children }: GroupProps) {
  const all = useFault(place)
  const own = useOwnFault(place)
  const fault = hasFieldsOfItsOwn ? own : all
  return (
    <fieldset className="field" data-place={place}>
      <legend className="field-label">{label}</legend>
      {hint && <div className="field-hint">{hint}</div>}
      {children}
      {fault && (
        <div className="field-fault">
          <Message text={fault} />
        </div>
      )}
    </fieldset>
  )
}

/** Tells the editor that a field's text stands for nothing just now; that ends with the field. */
export function useTextFault(place: string, message: string): (hasFault: boolean) => void {
  const store = useEditorStore()
  const subject = useContext(SubjectContext)
  const name = `${keyOf(subject)} ${place}`
  const say = useCallback(
    (hasFault: boolean) =>
      store.change((state) => {
        if (state.textFaults.has(name) === hasFault) return state
        const textFaults = new Map(state.textFaults)
        if (!hasFault) textFaults.delete(name)
        else {
          const owner = subject.kind === 'workflow' ? {} : { [`${subject.kind}Id`]: subject.id }
          textFaults.set(name, { issue: { code: 'bad-text', message }, ...owner, field: place })
        }
        return { ...state, textFaults }
      }),
    [store, subject, name, place, message],
  )
  useEffect(() => () => say(false), [say])
  return say
}
