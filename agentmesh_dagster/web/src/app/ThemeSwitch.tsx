import { Icon } from '../ui/icons'
import type { IconName } from '../ui/icons'
import { useTheme } from './theme'
import type { Theme } from './theme'

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }
const WORDS: Record<Theme, string> = { system: 'system', light: 'light', dark: 'dark' }
const ICONS: Record<Theme, IconName> = { system: 'screen', light: 'sun', dark: 'moon' }

export function ThemeSwitch() {
  const [theme, choose] = useTheme()
  const label = `Theme: ${WORDS[theme]}. Change to ${WORDS[NEXT[theme]]}`
  return (
    <button
      type="button"
      className="button button-quiet button-icon button-small"
      aria-label={label}
      title={label}
      onClick={() => choose(NEXT[theme])}
    >
      <Icon name={ICONS[theme]} />
    </button>
  )
}
