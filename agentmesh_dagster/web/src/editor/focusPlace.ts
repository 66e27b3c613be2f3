import { findShownField } from '../graph/issues'

const FOCUSABLE = 'input:not([type="hidden"]), textarea, select, button'

/** Puts the focus into the field that shows a place, opening what it is folded into; else onto the panel. */
export function focusPlace(panel: HTMLElement, place: string): void {
  const fields = [...panel.querySelectorAll<HTMLElement>('[data-place]')]
  const shown = findShownField(
    place,
    fields.map((field) => field.dataset['place'] ?? ''),
  )
  const field = place === '' ? undefined : fields.find((one) => one.dataset['place'] === shown)
  for (let around = field?.closest('details'); around; around = around.parentElement?.closest('details'))
    around.open = true
  const control = field?.querySelector<HTMLElement>(FOCUSABLE)
  if (!control) return panel.focus()
  control.focus()
  field?.scrollIntoView({ block: 'nearest' })
}
