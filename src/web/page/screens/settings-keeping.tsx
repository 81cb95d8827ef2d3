import type { JSX } from 'preact'
import { texts } from '../texts.ts'
import { Card } from '../ui/parts.tsx'
import { NumberSetting } from './setting-fields.tsx'
import type { Desk } from './settings.tsx'

const GB = 1e9

/** How long and how much, and what that means in visits. */
export function Keeping({ desk }: { readonly desk: Desk }): JSX.Element {
  return (
    <Card title={texts.settings.keeping}>
      <NumberSetting
        desk={desk}
        setting="retention.daysMax"
        label={texts.settings.keepDays}
        unit={texts.settings.days}
        per={1}
      />
      <NumberSetting
        desk={desk}
        setting="retention.bytesMax"
        label={texts.settings.keepBytes}
        unit={texts.settings.gigabytes}
        per={GB}
      />
      <p class="hint">{meansOf(desk)}</p>
    </Card>
  )
}

function meansOf({ reply, row }: Desk): string {
  const { averageVisitBytes, visitsPerDay } = reply
  const bytes = row('retention.bytesMax')?.value
  if (typeof bytes !== 'number' || averageVisitBytes === undefined || averageVisitBytes === 0)
    return texts.settings.keepUnknown
  const visits = Math.floor(bytes / averageVisitBytes)
  const days =
    visitsPerDay === undefined || visitsPerDay === 0 ? undefined : Math.floor(visits / visitsPerDay)
  return texts.settings.keepMeans(visits, days)
}
