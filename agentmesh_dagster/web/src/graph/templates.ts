/** Texts in which `{{ expressions }}` stand, and values that authors write as text. */
import type { Json } from '../api/types'

export interface Span {
  from: number
  to: number
}

/** The expression in which the cursor stands: between `{{` and `}}`, or the end where that is missing. */
export function findPlaceholder(text: string, cursor: number): Span | undefined {
  const from = text.lastIndexOf('{{', cursor - 1)
  if (from < 0 || from + 2 > cursor) return undefined
  const close = text.indexOf('}}', from + 2)
  if (close >= 0 && close < cursor) return undefined
  return { from: from + 2, to: close < 0 ? text.length : close }
}

/** The text with a value named at the cursor: inside a placeholder its name, else a whole placeholder. */
export function insertName(
  text: string,
  cursor: number,
  replaces: number,
  name: string,
  isTemplate: boolean,
): { text: string; cursor: number } {
  const before = text.slice(0, cursor - replaces)
  const after = text.slice(cursor)
  if (!isTemplate) return { text: before + name + after, cursor: before.length + name.length }
  const span = findPlaceholder(text, cursor)
  if (!span) {
    const written = `{{ ${name} }}`
    return { text: before + written + after, cursor: before.length + written.length }
  }
  const space = before.endsWith('{{') ? ' ' : ''
  const isClosed = text.indexOf('}}', cursor) >= 0 && span.to < text.length
  const close = isClosed ? '' : ' }}'
  const at = before.length + space.length + name.length
  return { text: before + space + name + close + after, cursor: at }
}

/** What loose text means: JSON where it is JSON, else the text itself. `{{ … }}` is text. */
export function readLoose(text: string): Json {
  const bare = text.trim()
  if (!/^(?:["[{\d-]|true$|false$|null$)/.test(bare) || bare.startsWith('{{')) return text
  try {
    return JSON.parse(bare) as Json
  } catch {
    return text
  }
}

/** The loose text of a value; `readLoose` gives the same value back. */
export function writeLoose(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, typeof value === 'object' ? 2 : undefined)
  return readLoose(value) === value ? value : JSON.stringify(value)
}
