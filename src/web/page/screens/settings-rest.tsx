/** Every other setting, as the configuration file has it. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { SettingRow } from '../../api.ts'
import { texts } from '../texts.ts'
import { Button, Dialog, Field } from '../ui/parts.tsx'
import type { Desk } from './settings.tsx'

export function Rest({
  desk,
  rows,
}: {
  readonly desk: Desk
  readonly rows: readonly SettingRow[]
}): JSX.Element {
  const [editing, setEditing] = useState<SettingRow>()
  return (
    <details class="card rest">
      <summary>{texts.settings.rest}</summary>
      <p class="hint">{texts.settings.restAbout}</p>
      <ul class="rest-rows">
        {rows.map((row) => (
          <li key={row.key}>
            <div>
              <code>{row.key}</code>
              <p>{row.about}</p>
            </div>
            <code class="value">{valueText(row.value)}</code>
            {desk.canChange && (
              <Button label={`${texts.settings.change} ${row.key}`} onClick={() => setEditing(row)}>
                {texts.settings.change}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {editing !== undefined && <Edit desk={desk} row={editing} onClose={() => setEditing(undefined)} />}
    </details>
  )
}

const valueText = (value: unknown): string =>
  value === undefined || value === null ? '–' : JSON.stringify(value)

function Edit(props: {
  readonly desk: Desk
  readonly row: SettingRow
  readonly onClose: () => void
}): JSX.Element {
  const { row } = props
  const [draft, setDraft] = useState(
    row.value === undefined || row.value === null ? '' : JSON.stringify(row.value, null, 2),
  )
  const [problem, setProblem] = useState<string>()
  const save = (): void => {
    try {
      props.desk.change({ [row.key]: draft.trim() === '' ? null : (JSON.parse(draft) as unknown) })
      props.onClose()
    } catch {
      setProblem(texts.settings.noJson)
    }
  }
  return (
    <Dialog title={row.key} onClose={props.onClose}>
      <p>{row.about}</p>
      <Field
        label={texts.settings.valueOf(row.key)}
        value={draft}
        onInput={setDraft}
        lines={4}
        hint={`${texts.settings.wanted(row.wanted)}; ${texts.settings.fallback(valueText(row.fallback))}`}
        problem={problem}
      />
      <div class="dialog-buttons">
        <Button onClick={props.onClose}>{texts.cancel}</Button>
        <Button kind="main" onClick={save}>
          {texts.save}
        </Button>
      </div>
    </Dialog>
  )
}
