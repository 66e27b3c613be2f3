/** Light, dark, or as the system has it. public/theme.js sets it before the first paint. */
import { useState } from 'react'

export type Theme = 'system' | 'light' | 'dark'
const KEY = 'agentmesh.theme'

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(
    () => (document.documentElement.dataset['theme'] as Theme | undefined) ?? 'system',
  )
  const choose = (next: Theme) => {
    if (next === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = next
    try {
      localStorage.setItem(KEY, next)
    } catch {
      // No storage: the choice lasts as long as the page.
    }
    setTheme(next)
  }
  return [theme, choose]
}
