/** Where, and why, a text is no JSON: browsers say it in different words, or not at all. */
export interface JsonFault {
  message: string
  line: number
  column: number
}

/** The first fault of a text that `JSON.parse` refused. */
export function findJsonFault(text: string): JsonFault {
  const scanner = new Scanner(text)
  const message = scanner.scan()
  const before = text.slice(0, scanner.at)
  return { message, line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
}

class Fault extends Error {}

const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const DEEPEST = 2_000

class Scanner {
  at = 0
  constructor(readonly text: string) {}

  scan(): string {
    try {
      this.value(0)
      this.space()
      return this.at < this.text.length ? 'Nothing may follow here: the value has ended.' : 'This is no JSON.'
    } catch (fault) {
      if (fault instanceof Fault) return fault.message
      throw fault
    }
  }

  private value(depth: number): void {
    this.space()
    const first = this.text[this.at]
    if (first === undefined) throw new Fault('The JSON is not complete.')
    if (depth > DEEPEST) throw new Fault('This is nested too deeply.')
    if (first === '{') this.list('}', () => this.field(depth))
    else if (first === '[') this.list(']', () => this.value(depth + 1))
    else if (first === '"') this.string()
    else if (first === "'") throw new Fault('Text stands in double quotes: "…".')
    else if (!this.skip(LITERAL))
      throw new Fault('A value must stand here: text in double quotes, a number, true, false, null, [ or {.')
  }

  private list(close: string, item: () => void): void {
    this.at += 1
    this.space()
    if (this.text[this.at] === close) {
      this.at += 1
      return
    }
    for (;;) {
      item()
      this.space()
      const mark = this.text[this.at]
      if (mark === undefined) throw new Fault('The JSON is not complete.')
      if (mark !== ',' && mark !== close) throw new Fault(`A comma or ${close} is missing here.`)
      this.at += 1
      if (mark === close) return
      this.space()
      if (this.text[this.at] === close) throw new Fault(`There is a comma too many before ${close}.`)
    }
  }

  private field(depth: number): void {
    this.space()
    if (this.text[this.at] === undefined) throw new Fault('The JSON is not complete.')
    if (this.text[this.at] !== '"') throw new Fault('The name of a field must stand here, in double quotes.')
    this.string()
    this.space()
    if (this.text[this.at] !== ':') throw new Fault('A colon is missing behind the name of the field.')
    this.at += 1
    this.value(depth + 1)
  }

  private string(): void {
    if (!this.skip(TEXT))
      throw new Fault('This text does not end on its line, or holds a character that must be escaped.')
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    this.at += found?.[0].length ?? 0
    return found !== null
  }

  private space(): void {
    this.skip(/[ \t\r\n]*/y)
  }
}
