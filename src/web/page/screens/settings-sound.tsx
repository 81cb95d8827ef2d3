/** The chime, and what is heard and said at the door. */
import type { JSX } from 'preact'
import { useApp } from '../app/context.ts'
import { useStore } from '../app/store.ts'
import { texts } from '../texts.ts'
import { Card, Switch } from '../ui/parts.tsx'
import { NumberSetting } from './setting-fields.tsx'
import type { Desk } from './settings.tsx'
import { TestButton } from './test-button.tsx'

type Turn = { readonly setting: string; readonly label: string }
const CHIMES: readonly Turn[] = [
  { setting: 'chime.relay', label: texts.sound.chimeRelay },
  { setting: 'chime.sound', label: texts.sound.chimeSound },
  { setting: 'chime.mqtt', label: texts.sound.chimeMqtt },
]

export function ChimeSettings({ desk }: { readonly desk: Desk }): JSX.Element {
  return (
    <Card title={texts.settings.chime}>
      {CHIMES.map(({ setting, label }) => (
        <Switch
          key={setting}
          label={label}
          isOn={desk.row(setting)?.value === true}
          isOff={!desk.canChange}
          onChange={(isOn) => desk.change({ [setting]: isOn })}
        />
      ))}
      <NumberSetting
        desk={desk}
        setting="chime.volume"
        label={texts.sound.chimeVolume}
        unit={texts.sound.percent}
        per={1}
      />
      <TestButton what="chime" text={texts.settings.testChime} />
    </Card>
  )
}

export function SoundSettings({ desk }: { readonly desk: Desk }): JSX.Element {
  const { canHear, canTalk } = useStore(useApp().sound.facts)
  return (
    <Card title={texts.sound.title}>
      <p class="hint">{texts.sound.law}</p>
      {!canHear && !canTalk && <p class="hint">{texts.sound.none}</p>}
      <NumberSetting
        desk={desk}
        setting="sound.volume"
        label={texts.sound.volume}
        unit={texts.sound.percent}
        per={1}
      />
      <Switch
        label={texts.sound.full}
        isOn={desk.row('sound.duplex')?.value === 'full'}
        isOff={!desk.canChange}
        onChange={(isOn) => desk.change({ 'sound.duplex': isOn ? 'full' : 'half' })}
      />
      <p class="hint">{texts.sound.fullAbout}</p>
    </Card>
  )
}
