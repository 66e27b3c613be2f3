import { useMemo } from 'react'
import type { ReactNode } from 'react'
import { parseMarkdown } from './parseMarkdown'
import type { Block, Inline } from './parseMarkdown'
import './Markdown.css'

/** Text in a safe subset of markdown. HTML in it is shown as text; links lead out of the app in a new tab. */
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text])
  return (
    <div className="markdown" dir="auto">
      {showBlocks(blocks)}
    </div>
  )
}

function showBlocks(blocks: readonly Block[]): ReactNode[] {
  return blocks.map((block, at) => <BlockView key={at} block={block} />)
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading': {
      const Heading = (['h3', 'h3', 'h4', 'h4'] as const)[block.level - 1] ?? 'h4' // the page has its own h1 and h2
      return <Heading>{showInline(block.inside)}</Heading>
    }
    case 'paragraph':
      return <p>{showInline(block.inside)}</p>
    case 'code':
      return <pre className="markdown-code">{block.text}</pre>
    case 'quote':
      return <blockquote>{showBlocks(block.blocks)}</blockquote>
    case 'list': {
      const List = block.isOrdered ? 'ol' : 'ul'
      return (
        <List>
          {block.items.map((item, at) => (
            <li key={at}>{showItem(item)}</li>
          ))}
        </List>
      )
    }
    case 'table':
      return (
        <table>
          <thead>
            <tr>
              {block.head.map((cell, at) => (
                <th key={at}>{showInline(cell)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row, at) => (
              <tr key={at}>
                {row.map((cell, place) => (
                  <td key={place}>{showInline(cell)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
    case 'rule':
      return <hr />
  }
}

/** A single paragraph of an item stands without the distance of a paragraph. */
function showItem(blocks: readonly Block[]): ReactNode {
  const [first, ...others] = blocks
  return first?.kind === 'paragraph'
    ? [...showInline(first.inside), ...showBlocks(others)]
    : showBlocks(blocks)
}

function showInline(parts: readonly Inline[]): ReactNode[] {
  return parts.map((part, at) => {
    switch (part.kind) {
      case 'text':
        return part.text
      case 'code':
        return <code key={at}>{part.text}</code>
      case 'strong':
        return <strong key={at}>{showInline(part.inside)}</strong>
      case 'em':
        return <em key={at}>{showInline(part.inside)}</em>
      case 'link':
        return (
          <a key={at} href={part.address} target="_blank" rel="noopener noreferrer">
            {showInline(part.inside)}
          </a>
        )
      case 'break':
        return <br key={at} />
    }
  })
}
