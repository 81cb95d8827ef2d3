/** Every other setting, as the configuration file has it, in groups; each with the control that fits what it holds. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { SettingRow } from '../../api.ts'
import { texts } from '../texts.ts'
import { Button, Choice, Dialog, Field } from '../ui/parts.tsx'
import type { Desk } from './settings.tsx'

type Props = { readonly desk: Desk; readonly rows: readonly SettingRow[] }

export function Rest({ desk, rows }: Props): JSX.Element {
  const [editing, setEditing] = useState<SettingRow>()
  const groups = Map.groupBy(rows, ({ key }) => key.split('.')[0] ?? key)
  return (
    <details class="card rest">
      <summary>{texts.settings.rest}</summary>
      <p class="hint">{texts.settings.restAbout}</p>
      {[...groups].map(([group, members]) => (
        <section key={group}>
          <h3>{texts.settings.groups[group] ?? group}</h3>
          <ul class="rest-rows">
            {members.map((row) => (
              <Row key={row.key} row={row} canChange={desk.canChange} onEdit={() => setEditing(row)} />
            ))}
          </ul>
        </section>
      ))}
      {editing !== undefined && (
        <Edit key={editing.key} desk={desk} row={editing} onClose={() => setEditing(undefined)} />
      )}
    </details>
  )
}

function Row(props: {
  readonly row: SettingRow
  readonly canChange: boolean
  readonly onEdit: () => void
}): JSX.Element {
  const { row } = props
  return (
    <li>
      <div>
        <p>{withoutTicks(row.about)}</p>
        <code>{row.key}</code>
      </div>
      <span class="value">{valueText(row.value)}</span>
      {props.canChange &&
        (row.isFixed ? (
          <small class="muted">{texts.settings.onDevice}</small>
        ) : (
          <Button label={`${texts.settings.change} ${row.key}`} onClick={props.onEdit}>
            {texts.settings.change}
          </Button>
        ))}
    </li>
  )
}

/** Words of the configuration file stand between backticks there. */
const withoutTicks = (text: string): string => text.replaceAll('`', '')

function valueText(value: unknown): string {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'boolean') return value ? texts.settings.on : texts.settings.off
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
}

/** What people type, and what it means; the device has the last word. */
type Kind = 'text' | 'number' | 'choice' | 'json'

function kindOf({ value, fallback, wanted }: SettingRow): Kind {
  const known = value ?? fallback
  if (typeof known === 'boolean' || wanted === 'boolean' || wanted.includes(', ')) return 'choice'
  if (typeof known === 'number' || /^(≥|\d|number|integer)/.test(wanted)) return 'number'
  return typeof known === 'string' || wanted === 'string' ? 'text' : 'json'
}

const optionsOf = ({ wanted }: SettingRow): readonly string[] =>
  wanted.includes(', ') ? wanted.split(', ') : ['true', 'false']

const draftOf = ({ value }: SettingRow, kind: Kind): string => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value, null, 2)
}

/** Empty: back to what it usually is. Throws, in words, what cannot be meant. */
function meantBy(draft: string, { value, fallback }: SettingRow, kind: Kind): unknown {
  const text = draft.trim()
  if (text === '') return null
  if (kind === 'number') {
    if (Number.isNaN(Number(text))) throw new Error(texts.settings.noNumber)
    return Number(text)
  }
  const isNoText = typeof (value ?? fallback) !== 'string'
  if (kind === 'json' || (kind === 'choice' && isNoText)) return parsed(text)
  return text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Error(texts.settings.noJson)
  }
}

function Edit(props: {
  readonly desk: Desk
  readonly row: SettingRow
  readonly onClose: () => void
}): JSX.Element {
  const { row } = props
  const kind = kindOf(row)
  const [draft, setDraft] = useState(draftOf(row, kind))
  const [problem, setProblem] = useState<string>()
  const save = (): void => {
    try {
      props.desk.change({ [row.key]: meantBy(draft, row, kind) })
      props.onClose()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  const hint = `${texts.settings.wanted(row.wanted)}; ${texts.settings.fallback(valueText(row.fallback))}`
  return (
    <Dialog title={row.key} onClose={props.onClose}>
      <p>{withoutTicks(row.about)}</p>
      {kind === 'choice' ? (
        <Choice
          label={texts.settings.valueOf(row.key)}
          isRow
          value={draft}
          options={optionsOf(row).map((value) => ({ value, text: choiceText(value) }))}
          onChange={setDraft}
        />
      ) : (
        <Field
          label={texts.settings.valueOf(row.key)}
          value={draft}
          onInput={setDraft}
          {...(kind === 'json' ? { lines: 4 } : {})}
          hint={hint}
          problem={problem}
        />
      )}
      <div class="dialog-buttons">
        <Button onClick={props.onClose}>{texts.cancel}</Button>
        <Button kind="main" onClick={save}>
          {texts.save}
        </Button>
      </div>
    </Dialog>
  )
}

const choiceText = (value: string): string =>
  value === 'true' ? texts.settings.on : value === 'false' ? texts.settings.off : value
