/** What the store is, who wrote it, how far it was looked through; appearance; leaving nothing behind. */
import type { JSX } from 'preact'
import type { Store } from '../app/store.ts'
import { useStore } from '../app/store.ts'
import { useTask } from '../app/use-task.ts'
import { OBJECTS_MAX } from '../cloud/look-around.ts'
import { Appearance } from '../screens/appearance.tsx'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Card, CopyButton, Heading, Problem, Waiting } from '../ui/parts.tsx'
import { forget, type Stage } from './start.ts'
import type { CloudHouse, HouseState } from './house.ts'

const t = texts.cloud

export function StoreScreen(props: {
  readonly house: CloudHouse
  readonly stage: Store<Stage>
}): JSX.Element {
  const { house, stage } = props
  const { library, look } = useStore(house.now)
  const again = useTask()
  const leave = useTask()
  const { store, key } = house.deps
  return (
    <div class="you">
      <header class="screen-head">
        <Heading text={t.store} />
      </header>
      <Card title={t.place}>
        <p class="code">{store.place}</p>
        <LookLine look={look} />
        <Problem says={again.problem} />
        <Button isBusy={again.isBusy} onClick={() => again.run(() => house.look())}>
          {t.lookAgain}
        </Button>
        <p class="hint">{t.onlyStored}</p>
      </Card>
      <Card title={t.device}>
        <p>{library?.device === undefined ? t.deviceUnknown : library.device.name}</p>
        {library !== undefined && (
          <>
            <p>{t.recordAbout(library.entries, library.clips)}</p>
            {library.problems.length === 0 && library.surprise === undefined && library.entries > 0 && (
              <p class="verdict genuine">
                <Icon name="check" />
                <span>{t.sound}</span>
              </p>
            )}
          </>
        )}
      </Card>
      <Card title={t.keyTitle}>
        <p>{key.kept.kind === 'native' ? texts.you.keyHere : texts.you.keyWrapped}</p>
        <p class="hint">{t.keyIs}</p>
        <p class="code">{key.recipient}</p>
        <CopyButton value={key.recipient} />
      </Card>
      <Appearance />
      <Card>
        <Problem says={leave.problem} />
        <Button kind="danger" isBusy={leave.isBusy} onClick={() => leave.run(() => forget(stage, house))}>
          {t.forget}
        </Button>
        <p class="hint">{t.forgetMeans}</p>
      </Card>
    </div>
  )
}

function LookLine({ look }: { readonly look: HouseState['look'] }): JSX.Element | null {
  if (look === 'waiting') return null
  if (look === 'looking') return <Waiting says={t.looking} />
  if ('problem' in look) return <Problem says={look.problem} />
  if ('tooMany' in look) return <p>{t.tooMany(OBJECTS_MAX)}</p>
  return <p>{t.lookedAt(look.objects)}</p>
}
