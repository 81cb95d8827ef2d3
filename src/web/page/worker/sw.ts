/**
 * The service worker: keeps the page's own files, so that it opens without the doorbell; shows notices of presses while the page is closed.
 * A push message says nothing but that there was a press: the picture is fetched from the doorbell and opened here, with the key of this browser.
 */
import type { PushPayload } from '../../api.ts'
import { openAge } from '../crypto/age-open.ts'
import { own } from '../crypto/bytes.ts'
import { holderOf } from '../crypto/native-keys.ts'
import { readKept } from '../keys/key-store.ts'
import { texts } from '../texts.ts'
import { keepShell, workerScope } from './shell.ts'

const scope = workerScope()
const PICTURE_TRIES = 6
const PICTURE_RETRY_MS = 400

keepShell(scope, './')

scope.addEventListener('push', (event) => {
  const payload = event.data?.json() as PushPayload | undefined
  event.waitUntil(notify(payload))
})

async function notify(payload: PushPayload | undefined): Promise<void> {
  const press = payload?.what === 'press' ? payload.press : undefined
  const image = press === undefined ? undefined : await pictureOf(press).catch(() => undefined)
  // `image` and `renotify` are in the standard, and not in the types of the DOM.
  const options: NotificationOptions & { readonly image?: string; readonly renotify: boolean } = {
    icon: './icon-192.png',
    badge: './icon-192.png',
    tag: press ?? 'notice',
    renotify: true,
    requireInteraction: press !== undefined,
    data: press === undefined ? './#/visits' : `./#/ring/${press}`,
    ...(image === undefined ? {} : { image }),
  }
  const title = payload?.what === 'press' ? texts.ring.title : texts.push.notice
  await scope.registration.showNotification(title, options)
}

/** Undefined: there is none for this browser, and the notice goes without. */
async function pictureOf(press: string): Promise<string | undefined> {
  const { key } = await readKept()
  if (key?.kind !== 'native') return undefined
  for (let n = 0; n < PICTURE_TRIES; n++) {
    const response = await fetch(`/api/presses/${press}/picture`, { credentials: 'same-origin' })
    if (response.ok) {
      const sealed = new Uint8Array(await response.arrayBuffer())
      return dataUrl(await openAge(sealed, holderOf(key.open, key.openPublic)))
    }
    if (response.status !== 404) return undefined
    await new Promise((resolve) => setTimeout(resolve, PICTURE_RETRY_MS))
  }
  return undefined
}

function dataUrl(jpeg: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(typeof reader.result === 'string' ? reader.result : ''))
    reader.addEventListener('error', () => reject(reader.error ?? new Error('a picture could not be read')))
    reader.readAsDataURL(new Blob([own(jpeg)], { type: 'image/jpeg' }))
  })
}

scope.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(String(event.notification.data)))
})

async function open(address: string): Promise<void> {
  const [window] = await scope.clients.matchAll({ type: 'window' })
  if (window === undefined) {
    await scope.clients.openWindow(address)
    return
  }
  await window.focus()
  window.navigate(address)
}
