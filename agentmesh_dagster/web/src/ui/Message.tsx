/** A sentence of the server, as text: what stands between backticks in it is shown as code. */
export function Message({ text }: { text: string }) {
  return text.split(/`([^`\n]+)`/).map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))
}
