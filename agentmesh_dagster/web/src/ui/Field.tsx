import { useId } from 'react'
import type { ReactNode } from 'react'
import { Message } from './Message'

interface Props {
  label: string
  hint?: ReactNode
  fault?: string
  isRequired?: boolean
  /** The control; gets what ties it to its label, hint and fault. */
  children: (props: FieldProps) => ReactNode
}

export interface FieldProps {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
  'aria-required': boolean | undefined
}

/** The id of a field's label, for controls that are no single element. */
export function labelId(field: FieldProps): string {
  return `${field.id}-label`
}

/** A control with its label, a hint, and what is wrong. */
export function Field({ label, hint, fault, isRequired = false, children }: Props) {
  const id = useId()
  const described = [hint ? `${id}-hint` : '', fault ? `${id}-fault` : ''].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label className="field-label" id={`${id}-label`} htmlFor={id}>
        {label}
        {isRequired && (
          <span className="field-required" aria-hidden="true">
            *
          </span>
        )}
      </label>
      {children({
        id,
        'aria-describedby': described || undefined,
        'aria-invalid': fault ? true : undefined,
        'aria-required': isRequired || undefined,
      })}
      {hint && (
        <div className="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {fault && (
        <div className="field-fault" id={`${id}-fault`}>
          <Message text={fault} />
        </div>
      )}
    </div>
  )
}
