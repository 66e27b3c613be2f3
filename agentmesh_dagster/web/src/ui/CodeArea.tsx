import { useId, useRef } from 'react'
import type { Ref, TextareaHTMLAttributes } from 'react'
import { Message } from './Message'
import './CodeArea.css'

export interface CodeFault {
  message: string
  line: number
  column: number
}

interface Props extends Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value'> {
  text: string
  onText: (text: string) => void
  label: string
  faults?: readonly CodeFault[]
  /** Lines that are visible at least and at most; past that the area scrolls. */
  lines?: readonly [least: number, most: number]
  fieldRef?: Ref<HTMLTextAreaElement>
}

/** Text with line numbers, and the lines marked on which something is wrong. Tab moves on, as everywhere. */
export function CodeArea({ text, onText, label, faults = [], lines = [4, 24], fieldRef, ...others }: Props) {
  const gutter = useRef<HTMLDivElement>(null)
  const faultId = useId()
  const count = text.split('\n').length
  const faulty = new Set(faults.map(({ line }) => line))
  const shown = Math.min(Math.max(count, lines[0]), lines[1])
  return (
    <div className="code">
      <div className="code-frame">
        <div className="code-gutter" ref={gutter} aria-hidden="true">
          {Array.from({ length: count }, (_, at) => (
            <div key={at} className={faulty.has(at + 1) ? 'code-faulty' : undefined}>
              {at + 1}
            </div>
          ))}
        </div>
        <textarea
          {...others}
          ref={fieldRef}
          className="code-text"
          aria-label={label}
          aria-invalid={faults.length > 0}
          aria-describedby={faults.length > 0 ? faultId : undefined}
          rows={shown}
          value={text}
          wrap="off"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          onChange={(event) => onText(event.target.value)}
          onScroll={(event) => {
            if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop
          }}
        />
      </div>
      <div id={faultId} className="field-fault code-fault" role="status">
        {faults.slice(0, 3).map(({ message, line, column }) => (
          <div key={`${line}:${column}`}>
            Line {line}, column {column}: <Message text={message} />
          </div>
        ))}
      </div>
    </div>
  )
}
