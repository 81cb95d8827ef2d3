/** What screens are built of: buttons, fields, dialogs, and words for what is loading or went wrong. */
import type { ComponentChildren, JSX, TargetedEvent } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import type { Loaded } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Icon, type IconName } from './icons.tsx'

export type ButtonKind = 'main' | 'plain' | 'danger' | 'quiet'

export function Button(props: {
  readonly children?: ComponentChildren
  readonly kind?: ButtonKind
  readonly icon?: IconName
  /** Needed where there is an icon and no text. */
  readonly label?: string
  readonly isBusy?: boolean
  readonly isOff?: boolean
  readonly isPressed?: boolean
  readonly type?: 'button' | 'submit'
  readonly wide?: boolean
  readonly onClick?: () => void
}): JSX.Element {
  const { children, kind = 'plain', icon, label, isBusy = false, isOff = false, wide = false } = props
  return (
    <button
      type={props.type ?? 'button'}
      class={`button ${kind} ${wide ? 'wide' : ''} ${children === undefined ? 'bare' : ''}`}
      aria-label={label}
      aria-pressed={props.isPressed}
      aria-busy={isBusy}
      title={children === undefined ? label : undefined}
      disabled={isOff || isBusy}
      onClick={props.onClick}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  )
}

export function LinkButton(props: {
  readonly to: string
  readonly children: ComponentChildren
  readonly kind?: ButtonKind
  readonly icon?: IconName
  readonly wide?: boolean
}): JSX.Element {
  return (
    <a class={`button ${props.kind ?? 'plain'} ${props.wide === true ? 'wide' : ''}`} href={props.to}>
      {props.icon !== undefined && <Icon name={props.icon} />}
      <span>{props.children}</span>
    </a>
  )
}

export function Field(props: {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly hint?: string | undefined
  readonly problem?: string | undefined
  readonly type?: 'text' | 'password' | 'number' | 'datetime-local' | 'time'
  readonly lines?: number
  readonly autocomplete?: string
  readonly least?: number
  readonly most?: number
  readonly step?: number
  readonly maxLength?: number
  readonly after?: string
}): JSX.Element {
  const id = useId()
  const { hint, problem, lines } = props
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ')
  const shared = {
    id,
    value: props.value,
    autocomplete: props.autocomplete ?? 'off',
    maxLength: props.maxLength,
    spellcheck: false,
    autocapitalize: props.type === 'password' || lines !== undefined ? 'none' : undefined,
    'aria-invalid': problem !== undefined,
    'aria-describedby': described === '' ? undefined : described,
    onInput: (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      props.onInput(event.currentTarget.value),
  } as const
  // preact's types tell by `type` which roles may stand beside it; there is none here, so one of them stands for all.
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <div class="row">
        {lines === undefined ? (
          <input
            {...shared}
            type={(props.type ?? 'text') as 'text'}
            min={props.least}
            max={props.most}
            step={props.step}
          />
        ) : (
          <textarea {...shared} rows={lines} />
        )}
        {props.after !== undefined && <span class="after">{props.after}</span>}
      </div>
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem !== undefined && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}

export function Choice<T extends string>(props: {
  readonly label: string
  readonly value: T
  readonly options: readonly { readonly value: T; readonly text: string; readonly about?: string }[]
  readonly onChange: (value: T) => void
  readonly isRow?: boolean
}): JSX.Element {
  const name = useId()
  return (
    <fieldset class={props.isRow === true ? 'choice in-row' : 'choice'}>
      <legend>{props.label}</legend>
      {props.options.map(({ value, text, about }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          <span>
            <b>{text}</b>
            {about !== undefined && <small>{about}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

export function Switch(props: {
  readonly label: string
  readonly isOn: boolean
  readonly isOff?: boolean
  readonly onChange: (isOn: boolean) => void
}): JSX.Element {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={props.isOn}
        aria-checked={props.isOn}
        disabled={props.isOff}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.label}</span>
    </label>
  )
}

/** A modal dialog: the browser keeps the focus in it and closes it with Escape. */
export function Dialog(props: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={props.onClose}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </dialog>
  )
}

export function Problem({ says }: { readonly says: string | undefined }): JSX.Element | null {
  if (says === undefined) return null
  return (
    <p class="problem box" role="alert">
      <Icon name="warn" />
      <span>{says}</span>
    </p>
  )
}

export function Waiting({ says = texts.loading }: { readonly says?: string }): JSX.Element {
  return (
    <p class="waiting" role="status">
      <span class="spinner" aria-hidden="true" />
      {says}
    </p>
  )
}

export function Show<T>(props: {
  readonly loaded: Loaded<T>
  readonly again: () => void
  readonly children: (value: T) => ComponentChildren
}): JSX.Element {
  const { loaded } = props
  if (loaded.state === 'loading') return <Waiting />
  if (loaded.state === 'there') return <>{props.children(loaded.value)}</>
  return (
    <>
      <Problem says={loaded.problem} />
      <Button onClick={props.again}>{texts.again}</Button>
    </>
  )
}

export function CopyButton({ value }: { readonly value: string }): JSX.Element {
  const [isCopied, setCopied] = useState(false)
  const copy = (): void => void navigator.clipboard.writeText(value).then(() => setCopied(true))
  return <Button onClick={copy}>{isCopied ? texts.copied : texts.copy}</Button>
}

export function Card(props: {
  readonly title?: string
  readonly children: ComponentChildren
  readonly name?: string
}): JSX.Element {
  const id = useId()
  return (
    <section class={`card ${props.name ?? ''}`} aria-labelledby={props.title === undefined ? undefined : id}>
      {props.title !== undefined && <h2 id={id}>{props.title}</h2>}
      {props.children}
    </section>
  )
}

/** A screen's heading takes the focus when the screen is entered, so that a reader says where one is. */
export function Heading({ text }: { readonly text: string }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${text} · ${texts.app}`
    heading.current?.focus({ preventScroll: true })
  }, [text])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {text}
    </h1>
  )
}
