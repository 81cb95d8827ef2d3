/** HTML, SVG and XML in which a text from outside can never become a tag: whatever is put into `markup` is escaped. */

/** Text that is markup already. Only `markup`, `trusted` and `join` make it. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Inlay = string | number | Markup | readonly Markup[] | undefined

/** `` markup`<b title="${a}">${b}</b>` ``: strings and numbers are escaped, markup stays as it is, undefined is nothing. */
export function markup(parts: TemplateStringsArray, ...inlays: readonly Inlay[]): Markup {
  let text = parts[0] ?? ''
  for (const [index, inlay] of inlays.entries()) text += textOf(inlay) + (parts[index + 1] ?? '')
  return new Markup(text)
}

/** Markup that we wrote ourselves. Never give it a text from a story. */
export const trusted = (text: string): Markup => new Markup(text)

export const NOTHING: Markup = new Markup('')

function textOf(inlay: Inlay): string {
  if (inlay === undefined) return ''
  if (inlay instanceof Markup) return inlay.text
  return typeof inlay === 'object' ? inlay.map(({ text }) => text).join('') : escapeText(String(inlay))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeText = (text: string): string => plain(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')

/**
 * The text without what XML forbids, a terminal obeys, or that turns the direction of writing: control characters but for
 * tab and line feed, halves of surrogate pairs, U+FFFE and U+FFFF, and the bidirectional overrides. Each becomes `�`.
 */
export const plain = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g, '\ufffd')

/** `plain`, on one line. */
export const oneLine = (text: string): string => plain(text).replace(/\s+/g, ' ').trim()

/** At most `lengthMax` characters, the last of them `…` if some were left out. */
export const shorten = (text: string, lengthMax: number): string =>
  text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).trimEnd()}…`
