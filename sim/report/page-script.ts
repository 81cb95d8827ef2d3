/**
 * The page's script: words beside the pointer, a hair line, zoom, the filter of the table. Without it everything can still
 * be read. It takes texts from the page as texts only, never as markup.
 */
export const PAGE_SCRIPT = `'use strict'
const tip = document.createElement('div')
tip.className = 'tip'
tip.hidden = true
document.body.append(tip)

const two = (n) => String(n).padStart(2, '0')
function momentText(ms, stepMs) {
  const digits = stepMs >= 1000 ? 0 : stepMs >= 100 ? 1 : stepMs >= 10 ? 2 : 3
  if (ms < 600000) return (ms / 1000).toFixed(digits) + ' s'
  if (stepMs % 864e5 === 0) return ms / 864e5 + 'd'
  if (stepMs % 36e5 === 0) return (ms >= 864e5 ? Math.floor(ms / 864e5) + 'd ' : '') + Math.floor(ms / 36e5) % 24 + 'h'
  const all = Math.floor(ms / 1000 + 1e-6), days = Math.floor(all / 86400), rest = digits === 0 ? '' : (ms / 1000 - all).toFixed(digits).slice(1)
  return (days > 0 ? days + 'd ' : '') + Math.floor(all / 3600) % 24 + ':' + two(Math.floor(all / 60) % 60) + ':' + two(all % 60) + rest
}

function showTip(text, image, x, y) {
  tip.textContent = text
  if (image) { const img = new Image(); img.src = image; tip.append(img) }
  tip.hidden = false
  const { width, height } = tip.getBoundingClientRect()
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 6)) + 'px'
  tip.style.top = (y + 18 + height > innerHeight ? Math.max(4, y - height - 12) : y + 18) + 'px'
}

/** Moves the browser's own tip out of the way: ours is there at once, and by touch too. */
function words(mark) {
  const title = mark.querySelector(':scope > title')
  if (title) { mark.tipText = title.textContent; title.remove(); mark.setAttribute('aria-label', mark.tipText) }
  return mark.tipText
}
const marked = '.tick, .span, .badge, .failure, .thumbnail, .score, .density, .waiting'

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat([1, 2, 5, 10, 15, 30].map((s) => s * 1e3), [1, 2, 5, 10, 15, 30].map((m) => m * 6e4), [1, 2, 3, 6, 12].map((h) => h * 36e5), [1, 2, 7, 14, 28, 91, 364].map((d) => d * 864e5))
const SVG = 'http://www.w3.org/2000/svg'

for (const timeline of document.querySelectorAll('.timeline')) {
  const scroller = timeline.querySelector('.scroller'), plot = timeline.querySelector('.plot'), hair = timeline.querySelector('.hair')
  const svg = plot.querySelector('svg'), axis = svg.querySelector('.axis')
  const from = Number(timeline.dataset.from), to = Number(timeline.dataset.to)
  const hairText = document.createElement('span')
  hair.append(hairText)
  const first = axis.querySelector('line'), top = first ? Number(first.getAttribute('y1')) : 16, bottom = first ? first.getAttribute('y2') : '100%'
  const radios = [...timeline.querySelectorAll('.zoom')]
  let zoom = 1

  function drawAxis() {
    const width = plot.clientWidth, perPx = (to - from) / width
    const step = STEPS.find((it) => it / perPx >= 95) || STEPS.at(-1)
    const left = from + (scroller.scrollLeft - 200) * perPx, right = from + (scroller.scrollLeft + scroller.clientWidth + 200) * perPx
    axis.replaceChildren()
    keepLabels()
    for (let n = Math.max(Math.ceil(left / step), Math.ceil(from / step)); n * step <= Math.min(right, to); n++) {
      const x = 100 * (n * step - from) / (to - from), line = document.createElementNS(SVG, 'line'), text = document.createElementNS(SVG, 'text')
      for (const [key, value] of [['x1', x + '%'], ['x2', x + '%'], ['y1', top], ['y2', bottom]]) line.setAttribute(key, value)
      text.setAttribute('x', x + '%')
      text.setAttribute('y', top - 4)
      const px = x * width / 100
      text.style.textAnchor = px < 24 ? 'start' : px > width - 30 ? 'end' : 'middle'
      text.textContent = momentText(n * step, step)
      axis.append(line, text)
    }
  }
  /** What begins farther left keeps its name in sight; a failure's words do not hang over the border. */
  const labels = [...svg.querySelectorAll('.label:not(.end)')].map((label) => ({ label, start: parseFloat(label.getAttribute('x')) / 100, end: parseFloat(label.dataset.end) / 100 }))
  const failureTexts = [...svg.querySelectorAll('.failure text')].map((text) => ({ text, place: parseFloat(text.getAttribute('x')) / 100, dx: Number(text.getAttribute('dx')), isLeft: text.classList.contains('end') }))
  function keepLabels() {
    const width = plot.clientWidth, left = scroller.scrollLeft, right = left + scroller.clientWidth
    for (const { label, start, end } of labels) label.setAttribute('dx', end * width < left + 10 ? 4 : Math.max(4, left - start * width + 4))
    for (const { text, place, dx, isLeft } of failureTexts) {
      const x = place * width, length = text.getComputedTextLength(), isSeen = x >= left && x <= right
      const over = !isSeen ? 0 : isLeft ? Math.max(0, left + 4 - (x + dx - length)) : -Math.max(0, Math.min(x + dx + length - right + 4, x + dx - left - 4))
      text.setAttribute('dx', dx + over)
    }
  }
  function setZoom(next, centerX) {
    const x = centerX === undefined ? scroller.clientWidth / 2 : centerX, at = (scroller.scrollLeft + x) / plot.clientWidth
    zoom = Math.max(1, Math.min(next, 4e6 / scroller.clientWidth))
    plot.style.setProperty('--zoom', zoom)
    for (const radio of radios) radio.checked = zoom === (radio.classList.contains('z2') ? 5 : 1)
    scroller.scrollLeft = at * plot.clientWidth - x
    drawAxis()
  }
  function center(at) { scroller.scrollLeft = plot.clientWidth * (at - from) / (to - from) - scroller.clientWidth / 2 }
  const failure = timeline.querySelector('.failure line')
  const failurePlace = failure && from + (to - from) * parseFloat(failure.getAttribute('x1')) / 100
  timeline.querySelector('.tools').hidden = false
  for (const radio of radios) radio.addEventListener('click', () => { setZoom(radio.classList.contains('z2') ? 5 : 1); if (failure) center(failurePlace) })
  for (const button of timeline.querySelectorAll('[data-zoom]')) button.addEventListener('click', () => setZoom(zoom * Number(button.dataset.zoom)))
  const go = timeline.querySelector('[data-go]')
  if (!failure) go.remove()
  else go.addEventListener('click', () => { setZoom(Math.max(zoom, (to - from) / 40000)); center(failurePlace) })
  if (failure) center(failurePlace)
  let asked = false
  scroller.addEventListener('scroll', () => { if (!asked) { asked = true; requestAnimationFrame(() => { asked = false; drawAxis() }) } })
  addEventListener('resize', drawAxis)
  scroller.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    setZoom(zoom * Math.exp(-event.deltaY / 250), event.clientX - scroller.getBoundingClientRect().left)
  }, { passive: false })
  scroller.addEventListener('keydown', (event) => { if (event.key === '+') setZoom(zoom * 2); if (event.key === '-') setZoom(zoom / 2) })

  timeline.showHair = (at) => {
    hair.hidden = at === undefined || at < from || at > to
    if (hair.hidden) return
    hair.style.left = 100 * (at - from) / (to - from) + '%'
    hairText.textContent = momentText(at, Math.max(1, (to - from) / plot.clientWidth))
    hairText.style.left = (at - from) / (to - from) > 0.93 ? 'auto' : '3px'
    hairText.style.right = (at - from) / (to - from) > 0.93 ? '3px' : 'auto'
  }
  /** What the pointer is on, or else what is nearest on the same lane. */
  function markNear(event) {
    const on = event.target.closest(marked)
    if (on && !on.matches('.score, .density, .waiting, .span')) return on
    const lane = [...svg.querySelectorAll('.lane')].find((it) => { const box = it.getBoundingClientRect(); return event.clientY >= box.top && event.clientY <= box.bottom })
    let best, bestPx = 7
    for (const mark of lane ? lane.querySelectorAll('.tick, .badge, .span') : []) {
      const box = mark.getBoundingClientRect()
      const px = Math.max(box.left - event.clientX, event.clientX - box.right, 0) + Math.max(box.top - event.clientY, event.clientY - box.bottom, 0) / 2 + (mark.matches('.span') ? 2 : 0)
      if (px < bestPx) { best = mark; bestPx = px }
    }
    return best || on
  }
  svg.addEventListener('pointermove', (event) => {
    const box = plot.getBoundingClientRect()
    timeline.showHair(from + (to - from) * (event.clientX - box.left) / box.width)
    const mark = markNear(event)
    if (mark && words(mark)) showTip(mark.tipText, mark.getAttribute('href'), event.clientX, event.clientY)
    else tip.hidden = true
  })
  svg.addEventListener('pointerleave', () => { tip.hidden = true; timeline.showHair() })
  drawAxis()
}

const filters = document.querySelector('.filters'), rows = [...document.querySelectorAll('.events tbody tr')]
if (filters) {
  filters.hidden = false
  const search = filters.querySelector('[type=search]'), boxes = [...filters.querySelectorAll('[type=checkbox]')], count = filters.querySelector('output')
  function filter() {
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value)), wanted = search.value.toLowerCase().split(/ +/).filter(Boolean)
    let shown = 0
    for (const row of rows) {
      const text = row.textContent.toLowerCase()
      row.hidden = !(kinds.has(row.dataset.group) && wanted.every((word) => text.includes(word)))
      if (!row.hidden) shown++
    }
    count.textContent = shown + ' of ' + rows.length + ' rows'
  }
  filters.addEventListener('input', filter)
  filter()
  for (const row of rows) {
    row.addEventListener('pointerenter', () => { for (const it of document.querySelectorAll('.timeline')) it.showHair(Number(row.dataset.at)) })
    row.addEventListener('pointerleave', () => { for (const it of document.querySelectorAll('.timeline')) it.showHair() })
  }
}
for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = !navigator.clipboard
  button.addEventListener('click', () => navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => { button.textContent = 'copied' }))
}
`
