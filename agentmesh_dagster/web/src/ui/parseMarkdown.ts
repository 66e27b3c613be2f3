/** A safe subset of markdown as a tree: headings, paragraphs, lists, quotes, code, rules, tables; bold, italics, code, links. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'em'; inside: Inline[] }
  | { kind: 'link'; address: string; inside: Inline[] }
  | { kind: 'break' }

export type Block =
  | { kind: 'heading'; level: 1 | 2 | 3 | 4; inside: Inline[] }
  | { kind: 'paragraph'; inside: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; isOrdered: boolean; items: Block[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' }

const FENCE = /^(`{3,}|~{3,})/
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+/
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$/
const DEEPEST = 8 // quotes and lists inside each other
const LONGEST_PARAGRAPH = 20_000 // characters: the search for spans is quadratic at worst

export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    if (line.trim() === '') at += 1
    else if (FENCE.test(line)) at = takeFence(lines, at, blocks)
    else if (RULE.test(line)) at = push(blocks, { kind: 'rule' }, at + 1)
    else if (HEADING.test(line)) at = takeHeading(line, at, blocks)
    else if (depth < DEEPEST && line.startsWith('>')) at = takeQuote(lines, at, blocks, depth)
    else if (depth < DEEPEST && ITEM.test(line)) at = takeList(lines, at, blocks, depth)
    else if (line.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '')) at = takeTable(lines, at, blocks)
    else at = takeParagraph(lines, at, blocks, depth)
  }
  return blocks
}

/** Only addresses that cannot run code: a web page or a mail. */
export function isSafeAddress(address: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(address)
}

function push(blocks: Block[], block: Block, next: number): number {
  blocks.push(block)
  return next
}

function takeFence(lines: string[], at: number, blocks: Block[]): number {
  const fence = FENCE.exec(lines[at] ?? '')?.[0] ?? '```'
  let end = at + 1
  while (end < lines.length && !lines[end]?.startsWith(fence)) end += 1
  return push(blocks, { kind: 'code', text: lines.slice(at + 1, end).join('\n') }, end + 1)
}

function takeHeading(line: string, at: number, blocks: Block[]): number {
  const [, marks = '#', text = ''] = HEADING.exec(line) ?? []
  const level = Math.min(marks.length, 4) as 1 | 2 | 3 | 4
  return push(blocks, { kind: 'heading', level, inside: parseInline(text) }, at + 1)
}

function takeQuote(lines: string[], at: number, blocks: Block[], depth: number): number {
  let end = at
  while (lines[end]?.startsWith('>')) end += 1
  const inside = lines.slice(at, end).map((line) => line.replace(/^> ?/, ''))
  return push(blocks, { kind: 'quote', blocks: parseMarkdown(inside.join('\n'), depth + 1) }, end)
}

function takeList(lines: string[], at: number, blocks: Block[], depth: number): number {
  const isOrdered = /\d/.test(ITEM.exec(lines[at] ?? '')?.[2] ?? '')
  const indent = ITEM.exec(lines[at] ?? '')?.[1]?.length ?? 0
  const items: string[][] = []
  let end = at
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? ''
    const item = ITEM.exec(line)
    const isSibling = item !== null && (item[1]?.length ?? 0) <= indent
    if (isSibling && /\d/.test(item[2] ?? '') !== isOrdered) break
    if (isSibling) items.push([line.slice(item[0].length)])
    else if (line.trim() === '' ? !isIndented(lines[end + 1], indent) : !isIndented(line, indent)) break
    else items.at(-1)?.push(line.slice(Math.min(line.length - line.trimStart().length, indent + 2)))
  }
  const parsed = items.map((item) => parseMarkdown(item.join('\n'), depth + 1))
  return push(blocks, { kind: 'list', isOrdered, items: parsed }, end)
}

function isIndented(line: string | undefined, indent: number): boolean {
  return line !== undefined && line.trim() !== '' && line.length - line.trimStart().length > indent
}

function takeTable(lines: string[], at: number, blocks: Block[]): number {
  let end = at + 2
  while (lines[end]?.includes('|')) end += 1
  const rows = lines.slice(at + 2, end).map(readCells)
  return push(blocks, { kind: 'table', head: readCells(lines[at] ?? ''), rows }, end)
}

function readCells(line: string): Inline[][] {
  const bare = line.trim().replace(/^\||\|$/g, '')
  return bare.split(/(?<!\\)\|/).map((cell) => parseInline(cell.trim().replaceAll('\\|', '|')))
}

function takeParagraph(lines: string[], at: number, blocks: Block[], depth: number): number {
  let end = at + 1
  const isEnd = (line: string) =>
    line.trim() === '' ||
    FENCE.test(line) ||
    HEADING.test(line) ||
    RULE.test(line) ||
    (depth < DEEPEST && (line.startsWith('>') || ITEM.test(line)))
  while (end < lines.length && !isEnd(lines[end] ?? '')) end += 1
  return push(blocks, { kind: 'paragraph', inside: parseInline(lines.slice(at, end).join('\n')) }, end)
}

const SPAN =
  /(`+)([\s\S]*?[^`])\1(?!`)|\*\*(?=\S)([\s\S]*?\S)\*\*|__(?=\S)([\s\S]*?\S)__(?!\w)|\*(?=\S)([^*]*?\S)\*|(?<!\w)_(?=\S)([^_]*?\S)_(?!\w)|\[([^\]]*)\]\(\s*([^\s()]+)[^()]*\)|(https?:\/\/[^\s<>()[\]]*[^\s<>()[\].,;:!?'"])|\\([\\`*_{}[\]()#+\-.!|>])|( {2,}\n|\\\n)/

export function parseInline(text: string): Inline[] {
  if (text.length > LONGEST_PARAGRAPH) return [{ kind: 'text', text }]
  const parts: Inline[] = []
  let rest = text
  for (let found = SPAN.exec(rest); found; found = SPAN.exec(rest)) {
    if (found.index > 0) addText(parts, rest.slice(0, found.index))
    const [whole, , code, strong, strong2, em, em2, label, address, bare, escaped] = found
    if (code !== undefined) parts.push({ kind: 'code', text: code.trim() })
    else if (strong ?? strong2) parts.push({ kind: 'strong', inside: parseInline(strong ?? strong2 ?? '') })
    else if (em ?? em2) parts.push({ kind: 'em', inside: parseInline(em ?? em2 ?? '') })
    else if (address !== undefined) addLink(parts, whole, address, label ?? '')
    else if (bare !== undefined)
      parts.push({ kind: 'link', address: bare, inside: [{ kind: 'text', text: bare }] })
    else if (escaped !== undefined) addText(parts, escaped)
    else parts.push({ kind: 'break' })
    rest = rest.slice(found.index + whole.length)
  }
  addText(parts, rest)
  return parts
}

function addLink(parts: Inline[], whole: string, address: string, label: string): void {
  if (!isSafeAddress(address)) addText(parts, whole)
  else parts.push({ kind: 'link', address, inside: parseInline(label || address) })
}

function addText(parts: Inline[], text: string): void {
  const last = parts.at(-1)
  if (text === '') return
  if (last?.kind === 'text') last.text += text
  else parts.push({ kind: 'text', text })
}
