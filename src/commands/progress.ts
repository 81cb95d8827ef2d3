/** A progress bar on a terminal; nothing when the output is piped. */
export interface Progress {
  at(doneS: number): void
  end(): void
}

const WIDTH = 30
const REDRAW_MS = 100

export function createProgress(what: string, totalS: number): Progress {
  if (process.stderr.isTTY !== true || totalS <= 0) return { at() {}, end() {} }
  let drawnMs = 0
  return {
    at(doneS) {
      const nowMs = performance.now()
      if (nowMs - drawnMs < REDRAW_MS) return
      drawnMs = nowMs
      process.stderr.write(`\r${barOf(what, Math.min(doneS, totalS), totalS)}`)
    },
    end() {
      process.stderr.write(`\r\u001b[K`)
    },
  }
}

function barOf(what: string, doneS: number, totalS: number): string {
  const filled = Math.round((doneS / totalS) * WIDTH)
  return `${what} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${doneS.toFixed(0)} / ${totalS.toFixed(0)} s`
}
