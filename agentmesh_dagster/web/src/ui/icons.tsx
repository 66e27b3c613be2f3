/** Icons: line drawings in the colour of the text. They say nothing by themselves: a name stands beside or on the button. */
import type { ShownStatus } from './statusWords'

const PATHS = {
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  play: 'M5 3.5v9l7-4.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  clock: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M8 5v3.2l2 1.3',
  dots: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  dashed: 'M3 8h2M7 8h2M11 8h2',
  ban: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M4.2 4.2l7.6 7.6',
  person: 'M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8M3 13.5c.5-2.6 2.4-4 5-4s4.5 1.4 5 4',
  turn: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5V5h-2.5',
  chevron: 'M6 4l4 4-4 4',
  back: 'M10 4 6 8l4 4',
  down: 'M4 6l4 4 4-4',
  up: 'M4 10l4-4 4 4',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9M10.5 10.5 14 14',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  outside: 'M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.3h.01',
  info: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M8 7.5V11M8 5.2h.01',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
  screen: 'M2.5 3.5h11v7h-11zM6 13h4',
  trash: 'M3.5 4.5h9M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5',
  edit: 'M3 13l.6-2.7 7.2-7.2 2.1 2.1-7.2 7.2z',
  braces:
    'M6 3H5a1.5 1.5 0 0 0-1.5 1.5v2L2.5 8l1 1.5v2A1.5 1.5 0 0 0 5 13h1M10 3h1a1.5 1.5 0 0 1 1.5 1.5v2l1 1.5-1 1.5v2A1.5 1.5 0 0 1 11 13h-1',
  undo: 'M6 3.5 2.5 7 6 10.5M3 7h6.5a3.5 3.5 0 0 1 0 7H7',
  redo: 'M10 3.5 13.5 7 10 10.5M13 7H6.5a3.5 3.5 0 0 0 0 7H9',
  layout: 'M2.5 6.5h4v3h-4zM9.5 2.5h4v3h-4zM9.5 10.5h4v3h-4zM6.5 8h1.5M9.5 4H8v8h1.5',
  save: 'M3 3h8l2 2v8H3zM5.5 3v3h4V3M5.5 13V9.5h5V13',
  history: 'M3 8a5 5 0 1 0 1.6-3.7M3 2.5V5h2.5M8 5.5V8l2 1.2',
  keyboard: 'M1.5 4.5h13v7h-13zM4 7h.01M6.5 7h.01M9 7h.01M11.5 7h.01M5 9.2h6',
  node: 'M5 3.5h6a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2',
  start: 'M3 8h8M8 4.5 11.5 8 8 11.5M13.5 3.5v9',
  end: 'M4 13.5v-11M4 3h8.5l-2 2.7 2 2.8H4',
  agent: 'M3.5 5.5h9v7h-9zM8 5.5V3M6 8.5h.01M10 8.5h.01M6.5 10.7h3',
  tool: 'M9.8 6.2 4 12l-1-1 5.8-5.8a2.8 2.8 0 0 1 3.7-3L10.7 4l1.3 1.3 1.8-1.8a2.8 2.8 0 0 1-4 2.7z',
  workflow: 'M2.5 3h4.5v4H2.5zM9 9h4.5v4H9zM7 5h4.2v4',
  branch: 'M4.5 13.5v-11M4.5 9c0-3 6.5-1.5 6.5-5M11 4.5 9 6.2M11 3.5l2 2.2',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size }: { name: IconName; size?: number }) {
  return <Drawing path={PATHS[name]} size={size} />
}

/** Lines in a square of 16 by 16, as the `d` of an SVG path. */
export function Drawing({ path, size = 16 }: { path: string; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={path} />
    </svg>
  )
}

/** Whether an icon is no name, but drawn by whoever brings it. */
export function isPath(icon: string): boolean {
  return /^M ?[\d.]/.test(icon)
}

/** The icon that another part of the system names; a plain one if there is none of that name. */
export function iconNamed(name: string): IconName {
  return Object.hasOwn(PATHS, name) ? (name as IconName) : 'node'
}

export const STATUS_ICONS: Record<ShownStatus, IconName> = {
  pending: 'dots',
  running: 'turn',
  succeeded: 'check',
  failed: 'cross',
  waiting_human: 'person',
  waiting: 'clock',
  skipped: 'dashed',
  canceled: 'ban',
  caught: 'warning',
  fallback: 'warning',
}
