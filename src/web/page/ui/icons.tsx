/** Drawn here, so that nothing is loaded for them. Every icon stands beside a text, or its button has a label. */
import type { JSX } from 'preact'

const PATHS = {
  door: 'M5 21V3h14v18M3 21h18M15 12h.01',
  visits: 'M4 5h16v6H4zM4 15h16v4H4zM8 5v6',
  activity: 'M12 7v5l3 3M21 12a9 9 0 1 1-9-9 9 9 0 0 1 9 9z',
  people:
    'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 3.5a4 4 0 0 1 0 7M18 15.5c2.5.7 4 2.5 4 5.5',
  status: 'M3 12h4l3-8 4 16 3-8h4',
  cloud: 'M7 18a4 4 0 0 1-.6-8A6 6 0 0 1 18 10a4 4 0 0 1 0 8z',
  settings: 'M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M16 4v4M8 10v4M14 16v4',
  you: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 4-6 8-6s8 2 8 6',
  more: 'M5 11a1 1 0 1 0 .01 0zM12 11a1 1 0 1 0 .01 0zM19 11a1 1 0 1 0 .01 0z',
  zones: 'M4 7l8-4 8 5-3 12H6z',
  talk: 'M12 15a4 4 0 0 0 4-4V6a4 4 0 0 0-8 0v5a4 4 0 0 0 4 4zM5 11a7 7 0 0 0 14 0M12 18v3',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
  play: 'M7 4l13 8-13 8z',
  pause: 'M8 4v16M16 4v16',
  back: 'M15 5l-7 7 7 7',
  ahead: 'M9 5l7 7-7 7',
  full: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  share: 'M12 15V3M8 6l4-4 4 4M6 11H4v10h16V11h-2',
  hold: 'M6 3h12v18l-6-5-6 5z',
  delete: 'M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6',
  check: 'M4 12l5 6L20 6',
  warn: 'M12 3l10 18H2zM12 10v5M12 18h.01',
  answer: 'M5 4h4l2 5-3 2a12 12 0 0 0 5 5l2-3 5 2v4c0 1-1 2-2 2A16 16 0 0 1 3 6c0-1 1-2 2-2z',
  ignore: 'M6 6l12 12M18 6L6 18',
  sound: 'M4 9v6h4l6 5V4L8 9zM18 8c2 2 2 6 0 8',
  mute: 'M4 9v6h4l6 5V4L8 9zM18 9l4 6M22 9l-4 6',
  add: 'M12 4v16M4 12h16',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
