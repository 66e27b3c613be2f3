import { useEffect, useState } from 'react'
import { Icon } from './icons'

const SHOWN_MS = 1_500

/** Copies a text; says so on the button for a moment. */
export function CopyButton({ text, what }: { text: () => string; what: string }) {
  const [result, setResult] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (!result) return undefined
    const timer = setTimeout(() => setResult(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [result])
  const copy = () => copyText(text()).then(setResult)
  return (
    <button
      type="button"
      className="button button-quiet button-small"
      aria-label={`Copy ${what}`}
      onClick={() => void copy()}
    >
      <Icon name={result === 'copied' ? 'check' : 'copy'} size={14} />
      <span role="status">
        {result === 'copied' ? 'Copied' : result === 'failed' ? 'Not allowed' : 'Copy'}
      </span>
    </button>
  )
}

/** The clipboard needs https or localhost; elsewhere an invisible field is copied. */
async function copyText(text: string): Promise<'copied' | 'failed'> {
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => 'copied',
      () => 'failed',
    )
  }
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'visually-hidden'
  document.body.append(field)
  field.select()
  const isDone = document.execCommand('copy')
  field.remove()
  return isDone ? 'copied' : 'failed'
}
