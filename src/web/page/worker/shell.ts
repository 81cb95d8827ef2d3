/** What a service worker has and a page has not; of it we use these. */
export type Scope = {
  readonly registration: { showNotification(title: string, options: NotificationOptions): Promise<void> }
  readonly clients: {
    claim(): Promise<void>
    matchAll(options: {
      type: 'window'
    }): Promise<readonly { focus(): Promise<unknown>; navigate(to: string): unknown }[]>
    openWindow(to: string): Promise<unknown>
  }
  skipWaiting(): Promise<void>
  addEventListener(type: string, hear: (event: WorkerEvent) => void): void
}
export type WorkerEvent = {
  readonly request: Request
  readonly data: { json(): unknown } | null
  readonly notification: Notification
  waitUntil(work: Promise<unknown>): void
  respondWith(answer: Promise<Response>): void
}

declare const __SHELL__: readonly string[]
declare const __VERSION__: string

const SHELL = `lintel-shell-${__VERSION__}`

export const workerScope = (): Scope => globalThis as unknown as Scope // In a worker, `globalThis` is this.

/** Keeps the page's own files, so that it opens without whoever served it. `start`: the address of the page itself. */
export function keepShell(scope: Scope, start: string): void {
  scope.addEventListener('install', (event) => {
    event.waitUntil(
      caches
        .open(SHELL)
        .then((cache) => cache.addAll([start, ...__SHELL__.filter((file) => file !== './index.html')]))
        .then(() => scope.skipWaiting()),
    )
  })

  scope.addEventListener('activate', (event) => {
    event.waitUntil(forgetOldShells().then(() => scope.clients.claim()))
  })

  scope.addEventListener('fetch', (event) => {
    const { method, url, mode } = event.request
    const { origin, pathname } = new URL(url)
    if (method !== 'GET' || origin !== location.origin || pathname.startsWith('/api/')) return
    if (mode === 'navigate') event.respondWith(freshOrKept(event.request, start))
    else if (pathname.includes('/assets/') || /\/icon|[.]webmanifest$/.test(pathname))
      event.respondWith(keptOrFresh(event.request))
  })
}

async function forgetOldShells(): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith('lintel-shell-') && name !== SHELL) await caches.delete(name)
}

/** The page itself comes from the doorbell when it is there: it may be newer. */
async function freshOrKept(request: Request, start: string): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    const kept = await caches.match(start)
    if (kept === undefined) throw error
    return kept
  }
}

/** Files whose names change with what is in them. */
const keptOrFresh = async (request: Request): Promise<Response> =>
  (await caches.match(request)) ?? (await fetch(request))
