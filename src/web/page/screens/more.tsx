import type { JSX } from 'preact'
import { useSignedIn } from '../app/context.ts'
import { entriesFor } from '../app/frame.tsx'
import { linkTo } from '../app/route.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Heading } from '../ui/parts.tsx'

/** On a phone: where the bottom bar has no room for. */
export function More(): JSX.Element {
  const { me } = useSignedIn()
  return (
    <div class="more">
      <header class="screen-head">
        <Heading text={texts.places.more} />
      </header>
      <ul class="more-list">
        {entriesFor(me.role)
          .filter(({ isFirst }) => !isFirst)
          .map(({ place, icon }) => (
            <li key={place}>
              <a href={linkTo(place)}>
                <Icon name={icon} />
                <span>{texts.places[place]}</span>
                <Icon name="ahead" />
              </a>
            </li>
          ))}
      </ul>
      <p class="muted small">
        {me.device.name} · {me.device.keyName} · {me.device.version}
      </p>
    </div>
  )
}
