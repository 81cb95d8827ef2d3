/** A new key's 24 words: shown, written down, and two of them asked back. */
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { useTask } from '../app/use-task.ts'
import { keyFromSecret, type HouseKey } from '../keys/house-key.ts'
import { wordsOf } from '../keys/words.ts'
import { texts } from '../texts.ts'
import { Button, Field, Problem } from '../ui/parts.tsx'

export function NewKey(props: {
  readonly secret: Uint8Array
  readonly onReady: (key: HouseKey) => void
}): JSX.Element {
  const words = useMemo(() => wordsOf(props.secret), [props.secret])
  const asked = useMemo(() => twoOf(words.length), [words])
  const [isWritten, setWritten] = useState(false)
  const task = useTask()
  const ready = (): void =>
    task.run(async () => {
      const key = await keyFromSecret(props.secret)
      props.secret.fill(0)
      props.onReady(key)
    })
  if (isWritten)
    return (
      <>
        <AskBack
          words={words}
          asked={asked}
          isBusy={task.isBusy}
          onRight={ready}
          onBack={() => setWritten(false)}
        />
        <Problem says={task.problem} />
      </>
    )
  return (
    <div class="stack">
      <p class="lead">{texts.enrol.wordsWhy}</p>
      <ol class="words" aria-label={texts.words.label}>
        {words.map((word, index) => (
          <li key={index} translate={false}>
            {word}
          </li>
        ))}
      </ol>
      <p class="box warn">{texts.enrol.wordsWarn}</p>
      <Button kind="main" wide onClick={() => setWritten(true)}>
        {texts.enrol.wordsDone}
      </Button>
    </div>
  )
}

function AskBack(props: {
  readonly words: readonly string[]
  readonly asked: readonly number[]
  readonly isBusy: boolean
  readonly onRight: () => void
  readonly onBack: () => void
}): JSX.Element {
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({})
  const [wrong, setWrong] = useState<readonly number[]>([])
  const check = (): void => {
    const missed = props.asked.filter((n) => (typed[n] ?? '').trim().toLowerCase() !== props.words[n])
    setWrong(missed)
    if (missed.length === 0) props.onRight()
  }
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        check()
      }}
    >
      <p class="lead">{texts.enrol.askTitle}</p>
      {props.asked.map((n) => (
        <Field
          key={n}
          label={texts.enrol.ask(n + 1)}
          value={typed[n] ?? ''}
          onInput={(value) => setTyped({ ...typed, [n]: value })}
          problem={wrong.includes(n) ? texts.enrol.askWrong(n + 1) : undefined}
        />
      ))}
      <Button type="submit" kind="main" wide isBusy={props.isBusy}>
        {texts.next}
      </Button>
      <Button kind="quiet" wide onClick={props.onBack}>
        {texts.enrol.askBack}
      </Button>
    </form>
  )
}

/** Two different places, which nobody could have guessed before. */
function twoOf(count: number): readonly number[] {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint32Array(2))
  const first = a % count
  return [first, (first + 1 + (b % (count - 1))) % count].sort((x, y) => x - y)
}
