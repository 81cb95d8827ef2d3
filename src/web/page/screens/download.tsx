/** The clip as an MP4, put together here; each part is looked at before. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useShelf } from '../app/shelf-context.ts'
import { useTask } from '../app/use-task.ts'
import { filmOf, saveFile } from '../clips/take-away.ts'
import type { KnownClip } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Button, Problem } from '../ui/parts.tsx'

export function Download({
  clip,
  fromUnixMs,
}: {
  readonly clip: KnownClip
  readonly fromUnixMs: number
}): JSX.Element {
  const shelf = useShelf()
  const [progress, setProgress] = useState<string>()
  const task = useTask()
  const download = (): void =>
    task.run(async () => {
      try {
        const film = await filmOf(shelf.opener, clip.facts, (done, of) =>
          setProgress(texts.player.downloading(done, of)),
        )
        const when = new Date(fromUnixMs).toISOString().slice(0, 16).replaceAll(':', '').replace('T', '-')
        saveFile(film, `visit-${when}.mp4`)
        await shelf.source.tell(clip.facts.clip, { what: 'downloaded' })
      } finally {
        setProgress(undefined)
      }
    })
  return (
    <>
      <Button icon="download" isBusy={task.isBusy} onClick={download}>
        {progress ?? texts.player.download}
      </Button>
      <Problem says={task.problem} />
    </>
  )
}
