import { useState } from 'react'
import { Markdown } from '../../ui/Markdown'
import { textOf } from './useConfig'
import { TextField } from './TextField'
import type { ConfigFieldProps } from './TextField'

/** A template whose text is Markdown: as it is written, or as it will look. */
export function MarkdownField(props: ConfigFieldProps) {
  const { field, value } = props
  const [isShown, setShown] = useState(false)
  return (
    <div className="stack markdown-field">
      {isShown ? (
        <div className="field">
          <span className="field-label">{field.label}, as they are shown</span>
          <div className="card markdown-shown">
            <Markdown text={textOf(value) || '*Nothing yet.*'} />
          </div>
        </div>
      ) : (
        <TextField {...props} />
      )}
      <div>
        <button type="button" className="button button-quiet button-small" onClick={() => setShown(!isShown)}>
          {isShown ? 'Edit' : 'Preview'}
        </button>
      </div>
    </div>
  )
}
