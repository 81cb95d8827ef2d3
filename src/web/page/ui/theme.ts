/** Dark and light: as the device has it, or as somebody chose here. */
export type Theme = 'auto' | 'light' | 'dark'

const KEPT = 'lintel-theme'

export function readTheme(): Theme {
  const kept = localStorage.getItem(KEPT)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEPT, theme)
  applyTheme(theme)
}
