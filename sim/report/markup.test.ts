import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markup, oneLine, plain, shorten } from './markup.ts'
import { parseXml } from './well-formed.fixture.ts'

/** Halves of pairs and control characters among them. */
const anyUnit = fc.oneof(
  fc.constantFrom(...`<>&"';]-/`),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
)

describe('markup', () => {
  it('escapes what is put in, and leaves markup that is put in as it is', () => {
    const inner = markup`<b>${'a < b & "c"'}</b>`
    expect(markup`<p title="${`'"`}">${inner}${[inner, inner]}${undefined}${3}</p>`.text).toBe(
      '<p title="&#39;&quot;"><b>a &lt; b &amp; &quot;c&quot;</b><b>a &lt; b &amp; &quot;c&quot;</b><b>a &lt; b &amp; &quot;c&quot;</b>3</p>',
    )
  })

  it('keeps any text what it is: text', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyUnit }), (text) => {
        const { children, text: read, attributes } = parseXml(markup`<p a="${text}">${text}</p>`.text)
        expect(children).toEqual([])
        expect(read).toBe(plain(text))
        expect(attributes).toEqual({ a: plain(text) })
      }),
    )
  })
})

describe('plain text', () => {
  it('shows control characters, halves of pairs and turned writing, and obeys none of them', () => {
    expect(plain('a\0b\u001b[31mc\ud800d\u202ee\ufffff\tg\nh\r\ni\u007fj\u009bk')).toBe(
      'a�b�[31mc�d�e�f\tg\nh\ni�j�k',
    )
  })

  it('is on one line when it has to be', () => {
    expect(oneLine(' a\n\n b\tc ')).toBe('a b c')
  })

  it('says when it was shortened', () => {
    expect(shorten('abcdef', 6)).toBe('abcdef')
    expect(shorten('abcdefg', 6)).toBe('abcde…')
  })
})
