type Closable = AsyncDisposable | Disposable

/** Owns things that must be closed, and closes them newest first. */
export interface Scope {
  own<T extends Closable>(name: string, thing: T): T
}

/**
 * Builds something out of owned parts. If the builder throws half way, the parts already
 * opened are closed before the error leaves; if it returns, the caller owns the whole.
 *
 * No signal is shared by all parts: one abort for everyone would stop them all at once,
 * and the order of closing would mean nothing.
 */
export async function openScope<T extends object>(
  build: (scope: Scope) => Promise<T>,
): Promise<T & AsyncDisposable> {
  const parts: Array<{ name: string; thing: Closable }> = []
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= closeNewestFirst(parts))
  try {
    const whole = await build({
      own: (name, thing) => {
        parts.push({ name, thing })
        return thing
      },
    })
    return Object.assign(whole, { [Symbol.asyncDispose]: close })
  } catch (error) {
    await close().catch(() => {}) // Why we stopped building matters more than a clumsy clean-up.
    throw error
  }
}

/** Runs `loop` until disposed. Disposal aborts its signal and waits for it to finish. */
export function startLoop(
  loop: (signal: AbortSignal) => Promise<void>,
  onCrash: (error: unknown) => void,
): AsyncDisposable {
  const stop = new AbortController()
  const done = loop(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) onCrash(error)
  })
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done
    },
  }
}

async function closeNewestFirst(parts: Array<{ name: string; thing: Closable }>): Promise<void> {
  const failures: unknown[] = []
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    try {
      if (Symbol.asyncDispose in part.thing) await part.thing[Symbol.asyncDispose]()
      else part.thing[Symbol.dispose]()
    } catch (cause) {
      failures.push(new Error(`closing ${part.name}`, { cause }))
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some parts did not close')
}
