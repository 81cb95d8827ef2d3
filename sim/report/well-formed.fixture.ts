/** A strict reader of XML, so that tests need no other: tags nest, attributes are quoted and unique, nothing is unescaped. */

export type XmlElement = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Its own text, unescaped. */
  readonly text: string
}

/** The root element. Throws an Error that says what is wrong and where. */
export function parseXml(xml: string): XmlElement {
  const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(xml)
  if (forbidden !== null) throw new Error(`XML allows no U+${forbidden[0].codePointAt(0)?.toString(16)}`)
  const open: Mutable[] = [{ name: '', attributes: {}, children: [], text: '' }]
  let rest = xml.replace(/^<\?xml [^?]*\?>\s*/, '')
  while (rest !== '') {
    const [whole = '', text, close, name, attributes, empty] =
      /^(?:([^<&]+|&[^<&;]*;)|<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>)/.exec(rest) ??
      []
    if (whole === '') throw new Error(`not well-formed: ${rest.slice(0, 80)}`)
    rest = rest.slice(whole.length)
    const top = open.at(-1)
    if (top === undefined) throw new Error(`something after the end: ${whole}`)
    if (text !== undefined) top.text += unescape(text)
    else if (close !== undefined) closeElement(open, close)
    else
      beginElement(open, {
        name: name ?? '',
        attributes: attributesOf(attributes ?? ''),
        isEmpty: empty === '/',
      })
  }
  const [document] = open
  const [root, ...others] = document?.children ?? []
  if (open.length !== 1) throw new Error(`not closed: ${open.at(-1)?.name}`)
  if (root === undefined || others.length > 0 || document?.text.trim() !== '')
    throw new Error('wanted one root')
  return root
}

export function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element
  for (const child of element.children) yield* elementsOf(child)
}

type Mutable = { name: string; attributes: Record<string, string>; children: Mutable[]; text: string }

function beginElement(
  open: Mutable[],
  { name, attributes, isEmpty }: { name: string; attributes: Record<string, string>; isEmpty: boolean },
): void {
  const element = { name, attributes, children: [], text: '' }
  open.at(-1)?.children.push(element)
  if (!isEmpty) open.push(element)
}

function closeElement(open: Mutable[], name: string): void {
  const closed = open.pop()
  if (closed?.name !== name) throw new Error(`</${name}> closes <${closed?.name}>`)
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.matchAll(/\s+([\w:-]+)="([^"<]*)"/g)) {
    if (name in attributes) throw new Error(`attribute ${name} twice`)
    attributes[name] = value.replace(/&[^;]*;?/g, unescape)
  }
  return attributes
}

const MEANINGS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

function unescape(text: string): string {
  if (!text.startsWith('&')) return text
  const meaning = MEANINGS[text]
  if (meaning === undefined) throw new Error(`XML knows no ${text}`)
  return meaning
}
