/** The frame of the screens in front of the door: enrolling, joining, signing in. */
import type { ComponentChildren, JSX } from 'preact'
import { texts } from '../texts.ts'
import { Heading } from '../ui/parts.tsx'

export function Gate(props: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <main class="gate" id="main">
      <p class="brand">
        <img src="./icon.svg" width="48" height="48" alt="" />
        <span>{texts.app}</span>
      </p>
      <Heading text={props.title} />
      {props.children}
    </main>
  )
}
