/** The frame of the page that reads the store: two places, and what is wrong. */
import type { ComponentChildren, JSX } from 'preact'
import { linkTo } from '../app/route.ts'
import { useStore } from '../app/store.ts'
import { useTask } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Problem } from '../ui/parts.tsx'
import { surpriseText, type CloudHouse } from './house.ts'

const PLACES = [
  { place: 'visits', icon: 'visits', name: texts.places.visits },
  { place: 'status', icon: 'cloud', name: texts.cloud.place },
] as const
export type AwayPlace = (typeof PLACES)[number]['place']

export function AwayFrame(props: {
  readonly now: AwayPlace
  readonly house: CloudHouse
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skipToMain}>
        {texts.skip}
      </a>
      <nav class="nav" aria-label={texts.places.nav}>
        <p class="brand">
          <img src="./icon.svg" width="36" height="36" alt="" />
          <span>{texts.app}</span>
        </p>
        {PLACES.map(({ place, icon, name }) => (
          <a key={place} href={linkTo(place)} aria-current={place === props.now ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{name}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <Banners house={props.house} />
        {props.children}
      </main>
    </div>
  )
}

/** The address is where one is in the page, so the link may not change it. */
function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Banners({ house }: { readonly house: CloudHouse }): JSX.Element {
  const { library, isOffline } = useStore(house.now)
  const task = useTask()
  const surprise = library && surpriseText(library)
  return (
    <>
      {surprise !== undefined && (
        <div class="banner wrong" role="alert">
          <Icon name="warn" />
          <span>
            <b>{surprise}</b> {texts.cloud.surpriseMeans}
          </span>
          <Button isBusy={task.isBusy} onClick={() => task.run(() => house.accept())}>
            {texts.cloud.accept}
          </Button>
        </div>
      )}
      {library?.problems.map((problem) => (
        <div class="banner wrong" role="alert" key={problem}>
          <Icon name="warn" />
          <span>
            <b>{texts.cloud.ledgerWrong}</b> {problem}
          </span>
        </div>
      ))}
      {library?.isNewer === true && (
        <div class="banner quiet" role="status">
          {texts.cloud.newer}
        </div>
      )}
      {isOffline && (
        <div class="banner" role="status">
          <span>{texts.cloud.offline}</span>
          <Button isBusy={task.isBusy} onClick={() => task.run(() => house.look())}>
            {texts.again}
          </Button>
        </div>
      )}
      <Problem says={task.problem} />
    </>
  )
}
