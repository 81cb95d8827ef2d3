/** Controls of single settings. Each keeps what is typed until it is saved, and does not show what the device does not have. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { SettingRow } from '../../api.ts'
import { texts } from '../texts.ts'
import { Button, Field } from '../ui/parts.tsx'
import type { Desk } from './settings.tsx'

type Props = { readonly desk: Desk; readonly setting: string; readonly label: string; readonly hint?: string }

/** What is typed, begun anew when the device says another value. */
function useDraft(value: string): readonly [string, (typed: string) => void] {
  const [draft, setDraft] = useState(value)
  useEffect(() => setDraft(value), [value])
  return [draft, setDraft]
}

function Saved(props: {
  readonly desk: Desk
  readonly isChanged: boolean
  readonly onSave: () => void
  readonly children: JSX.Element
}): JSX.Element {
  return (
    <form
      class="setting"
      onSubmit={(event) => {
        event.preventDefault()
        props.onSave()
      }}
    >
      {props.children}
      {props.isChanged && props.desk.canChange && (
        <Button type="submit" kind="main" isBusy={props.desk.isBusy}>
          {texts.save}
        </Button>
      )}
    </form>
  )
}

export function NumberSetting(
  props: Props & { readonly unit: string; readonly per: number },
): JSX.Element | null {
  const row = props.desk.row(props.setting)
  return row === undefined ? null : <NumberField {...props} row={row} />
}

function NumberField(
  props: Props & { readonly unit: string; readonly per: number; readonly row: SettingRow },
): JSX.Element {
  const { desk, setting, per, row } = props
  const now = typeof row.value === 'number' ? String(Math.round((row.value / per) * 100) / 100) : ''
  const [draft, setDraft] = useDraft(now)
  const save = (): void => desk.change({ [setting]: Math.round(Number(draft) * per) })
  return (
    <Saved desk={desk} isChanged={draft !== now && draft !== ''} onSave={save}>
      <Field
        label={props.label}
        type="number"
        value={draft}
        onInput={setDraft}
        after={props.unit}
        hint={props.hint}
        least={0}
        step={0.01}
      />
    </Saved>
  )
}

export type TextRow = { readonly setting: string; readonly label: string }

/** Texts that only make sense together are saved together; an empty one takes the setting back. */
export function TextSettings(props: {
  readonly desk: Desk
  readonly fields: readonly TextRow[]
  readonly canBeEmpty?: boolean
}): JSX.Element {
  const { desk, fields } = props
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({})
  const nowOf = (setting: string): string => {
    const value = desk.row(setting)?.value
    return typeof value === 'string' ? value : ''
  }
  const changed = fields.filter(({ setting }) => (typed[setting] ?? nowOf(setting)) !== nowOf(setting))
  const isWhole = props.canBeEmpty === true || changed.every(({ setting }) => typed[setting] !== '')
  useEffect(() => setTyped({}), [desk.reply])
  const save = (): void =>
    desk.change(
      Object.fromEntries(
        changed.map(({ setting }) => [setting, typed[setting] === '' ? null : typed[setting]]),
      ),
    )
  return (
    <Saved desk={desk} isChanged={changed.length > 0 && isWhole} onSave={save}>
      <div class="stack field">
        {fields.map(({ setting, label }) => (
          <Field
            key={setting}
            label={label}
            value={typed[setting] ?? nowOf(setting)}
            onInput={(text) => setTyped({ ...typed, [setting]: text })}
          />
        ))}
      </div>
    </Saved>
  )
}

const WORDS = ['motion', 'pir', 'person', 'vehicle', 'animal', 'carried'] as const

/** A list of signs and labels; words with a zone (`person@garden`) are kept as they are. */
export function WordsSetting({ desk, setting, label }: Props): JSX.Element | null {
  const row = desk.row(setting)
  if (row === undefined || !Array.isArray(row.value)) return null
  const chosen = row.value.map(String)
  const withZones = chosen.filter((word) => word.includes('@'))
  const turn = (word: string): void =>
    desk.change({
      [setting]: chosen.includes(word) ? chosen.filter((each) => each !== word) : [...chosen, word],
    })
  return (
    <fieldset class="chips">
      <legend>{label}</legend>
      {[...WORDS, ...withZones].map((word) => (
        <button
          key={word}
          type="button"
          class="chip"
          aria-pressed={chosen.includes(word)}
          disabled={!desk.canChange || desk.isBusy}
          onClick={() => turn(word)}
        >
          {texts.settings.words[word] ?? word}
        </button>
      ))}
    </fieldset>
  )
}
