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

export function TextSetting(props: Props & { readonly canBeEmpty?: boolean }): JSX.Element | null {
  const row = props.desk.row(props.setting)
  return row === undefined ? null : <TextField {...props} row={row} />
}

function TextField(props: Props & { readonly canBeEmpty?: boolean; readonly row: SettingRow }): JSX.Element {
  const { desk, setting, row } = props
  const now = typeof row.value === 'string' ? row.value : ''
  const [draft, setDraft] = useDraft(now)
  const isChanged = draft !== now && (draft !== '' || props.canBeEmpty === true)
  const save = (): void => desk.change({ [setting]: draft === '' ? null : draft })
  return (
    <Saved desk={desk} isChanged={isChanged} onSave={save}>
      <Field label={props.label} value={draft} onInput={setDraft} hint={props.hint} />
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
