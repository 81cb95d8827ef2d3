import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { texts } from '../texts.ts'
import { Card, Choice } from '../ui/parts.tsx'
import { chooseTheme, readTheme, type Theme } from '../ui/theme.ts'

export function Appearance(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(readTheme)
  return (
    <Card>
      <Choice
        label={texts.settings.look}
        isRow
        value={theme}
        options={(['auto', 'light', 'dark'] as const).map((value) => ({
          value,
          text: texts.settings.themes[value],
        }))}
        onChange={(value) => {
          chooseTheme(value)
          setTheme(value)
        }}
      />
    </Card>
  )
}
