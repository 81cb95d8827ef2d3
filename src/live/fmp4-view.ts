import type { Follower } from './follower.ts'
import type { LiveRun } from './live-run.ts'
import { sendWhole, type LiveSink } from './sink.ts'

/** Every run with its greeting and its `moov`, then one fragment a picture, until aborted. */
export async function showFmp4(follower: Follower, sink: LiveSink, signal: AbortSignal): Promise<void> {
  let run: LiveRun | undefined
  for (let item = await follower.next(signal); item !== undefined; item = await follower.next(signal)) {
    if (item.run !== run) {
      run = item.run
      await sendWhole(sink, JSON.stringify(run.hello), signal)
      await sendWhole(sink, run.init, signal)
    }
    await sendWhole(sink, run.fragmentOf(item.packet), signal)
  }
}
