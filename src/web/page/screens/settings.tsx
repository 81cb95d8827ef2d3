/** Settings: friendly controls for what people change, a plain table for everything else. Each change is checked by the device. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { SettingRow, SettingsReply } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { linkTo } from '../app/route.ts'
import { useTask } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Button, Card, Heading, LinkButton, Problem, Switch, Waiting } from '../ui/parts.tsx'
import { Keeping } from './settings-keeping.tsx'
import { Notices } from './settings-notices.tsx'
import { QuietHours } from './settings-quiet.tsx'
import { Rest } from './settings-rest.tsx'
import { Sensitivity } from './settings-sensitivity.tsx'
import { NumberSetting, TextSettings, WordsSetting } from './setting-fields.tsx'
import { ChimeSettings, SoundSettings } from './settings-sound.tsx'
import { TestButton } from './test-button.tsx'

/** What every control gets: the values now, and how to change them. */
export type Desk = {
  readonly row: (key: string) => SettingRow | undefined
  readonly reply: SettingsReply
  readonly canChange: boolean
  readonly isBusy: boolean
  readonly change: (set: Readonly<Record<string, unknown>>) => void
}

const FRIENDLY = [
  'device.name',
  'detect.sensitivity',
  'detect.recognise',
  'detect.zones',
  'capture.prerollMs',
  'visit.quietAfterMs',
  'clip.msMax',
  'visit.record',
  'visit.notify',
  'device.timeZone',
  'quietHours.times',
  'quietHours.silences',
  'retention.daysMax',
  'retention.bytesMax',
  'chime.relay',
  'chime.sound',
  'chime.volume',
  'chime.mqtt',
  'sound.volume',
  'sound.duplex',
  'store.endpoint',
  'store.bucket',
  'mqtt.url',
]

export function Settings(): JSX.Element {
  const { desk, problem, again } = useDesk()
  return (
    <div class="settings">
      <header class="screen-head">
        <Heading text={texts.settings.title} />
      </header>
      <Problem says={problem} />
      {desk === undefined && problem !== undefined && <Button onClick={again}>{texts.again}</Button>}
      {desk === undefined && problem === undefined && <Waiting />}
      {desk !== undefined && <Cards desk={desk} />}
    </div>
  )
}

function useDesk(): {
  readonly desk: Desk | undefined
  readonly problem: string | undefined
  readonly again: () => void
} {
  const { me } = useSignedIn()
  const { events, notice } = useApp()
  const [reply, setReply] = useState<SettingsReply>()
  const task = useTask()
  const load = (): void => task.run(async () => setReply(await ask<SettingsReply>('GET', '/api/settings')))
  useEffect(load, [])
  useEffect(() => events.hear((event) => (event.type === 'settings' ? load() : undefined)), [])
  const change = (set: Readonly<Record<string, unknown>>): void =>
    task.run(async () => {
      const changed = await ask<SettingsReply>('PUT', '/api/settings', { body: { set } })
      setReply(changed)
      notice.set(savedText(changed, Object.keys(set)))
    })
  const desk = reply && {
    reply,
    row: (key: string) => reply.settings.find((row) => row.key === key),
    canChange: me.role === 'owner',
    isBusy: task.isBusy,
    change,
  }
  return { desk, problem: task.problem, again: load }
}

function savedText({ settings, waits }: SettingsReply, keys: readonly string[]): string {
  const isLater = settings.some(({ key, live }) => keys.includes(key) && !live)
  const when = isLater ? texts.settings.nextStart : waits === true ? texts.settings.waits : ''
  return `${texts.settings.saved} ${when}`.trim()
}

function Cards({ desk }: { readonly desk: Desk }): JSX.Element {
  return (
    <>
      {!desk.canChange && <p class="box">{texts.settings.onlyOwner}</p>}
      <Movement desk={desk} />
      <Recording desk={desk} />
      <Keeping desk={desk} />
      <Notices desk={desk} />
      <QuietHours desk={desk} />
      <ChimeSettings desk={desk} />
      <SoundSettings desk={desk} />
      <Elsewhere desk={desk} />
      <Rest desk={desk} rows={desk.reply.settings.filter(({ key }) => !FRIENDLY.includes(key))} />
    </>
  )
}

function Movement({ desk }: { readonly desk: Desk }): JSX.Element {
  const zones = desk.row('detect.zones')?.value
  const recognise = desk.row('detect.recognise')
  return (
    <Card title={texts.settings.movement}>
      <Sensitivity desk={desk} />
      <div class="setting-line">
        <span>
          <b>{texts.settings.zones}</b>
          <small class="muted">{texts.settings.zonesAbout(Array.isArray(zones) ? zones.length : 0)}</small>
        </span>
        {desk.canChange && <LinkButton to={linkTo('zones')}>{texts.settings.zonesEdit}</LinkButton>}
      </div>
      {recognise !== undefined && (
        <Switch
          label={texts.settings.recognise}
          isOn={recognise.value === true}
          isOff={!desk.canChange}
          onChange={(isOn) => desk.change({ 'detect.recognise': isOn })}
        />
      )}
    </Card>
  )
}

function Recording({ desk }: { readonly desk: Desk }): JSX.Element {
  const prerollMs = desk.row('capture.prerollMs')?.value
  return (
    <Card title={texts.settings.recording}>
      <TextSettings desk={desk} fields={[{ setting: 'device.name', label: texts.settings.name }]} />
      <WordsSetting desk={desk} setting="visit.record" label={texts.settings.recordAbout} />
      <NumberSetting
        desk={desk}
        setting="capture.prerollMs"
        label={texts.settings.preroll}
        unit={texts.settings.seconds}
        per={1000}
        hint={texts.settings.prerollAbout(`${Number(prerollMs) / 1000} ${texts.settings.seconds}`)}
      />
      <NumberSetting
        desk={desk}
        setting="visit.quietAfterMs"
        label={texts.settings.quietAfter}
        unit={texts.settings.seconds}
        per={1000}
        hint={texts.settings.quietAfterAbout}
      />
      <NumberSetting
        desk={desk}
        setting="clip.msMax"
        label={texts.settings.clipMax}
        unit={texts.settings.minutes}
        per={60_000}
        hint={texts.settings.clipMaxAbout}
      />
    </Card>
  )
}

const CLOUD = [
  { setting: 'store.endpoint', label: texts.settings.cloud },
  { setting: 'store.bucket', label: texts.settings.bucket },
]
const BROKER = [{ setting: 'mqtt.url', label: texts.settings.broker }]

function Elsewhere({ desk }: { readonly desk: Desk }): JSX.Element {
  const hasStore = desk.row('store.bucket')?.value !== undefined && desk.row('store.bucket')?.value !== null
  const hasBroker = desk.row('mqtt.url')?.value !== undefined && desk.row('mqtt.url')?.value !== null
  return (
    <Card title={texts.settings.elsewhere}>
      <TextSettings desk={desk} fields={CLOUD} canBeEmpty />
      {hasStore ? (
        <TestButton what="store" text={`${texts.settings.test}: ${texts.settings.cloud}`} />
      ) : (
        <p class="hint">{texts.settings.cloudOff}</p>
      )}
      <TextSettings desk={desk} fields={BROKER} canBeEmpty />
      {hasBroker ? (
        <TestButton what="broker" text={`${texts.settings.test}: ${texts.settings.broker}`} />
      ) : (
        <p class="hint">{texts.settings.brokerOff}</p>
      )}
    </Card>
  )
}
