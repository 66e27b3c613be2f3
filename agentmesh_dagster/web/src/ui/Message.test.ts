import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { Message } from './Message'

it.each([
  ['`name` must not be empty.', '<code>name</code> must not be empty.'],
  ['may not call: `127.0.0.1`', 'may not call: <code>127.0.0.1</code>'],
  ['a `b` c `d`', 'a <code>b</code> c <code>d</code>'],
  ['one ` alone', 'one ` alone'],
  ['`<b>` is text', '<code>&lt;b&gt;</code> is text'],
])('shows %s', (text, html) => {
  expect(renderToStaticMarkup(createElement(Message, { text }))).toBe(html)
})
