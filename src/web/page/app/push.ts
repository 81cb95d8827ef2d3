/** Web Push for this browser: switched on by a person, told to the device, switched off again. */
import type { PushBody, PushReply } from '../../api.ts'
import { base64url, own, unbase64url } from '../crypto/bytes.ts'
import { ask } from './api-client.ts'

export type PushState = 'missing' | 'denied' | 'off' | 'on'

const registration = (): Promise<ServiceWorkerRegistration | undefined> =>
  'serviceWorker' in navigator ? navigator.serviceWorker.getRegistration() : Promise.resolve(undefined)

export async function pushState(): Promise<PushState> {
  const worker = await registration()
  if (worker === undefined || !('pushManager' in worker)) return 'missing'
  if (Notification.permission === 'denied') return 'denied'
  return (await worker.pushManager.getSubscription()) === null ? 'off' : 'on'
}

export async function switchPushOn(): Promise<PushState> {
  const worker = await registration()
  if (worker === undefined) return 'missing'
  if ((await Notification.requestPermission()) !== 'granted') return 'denied'
  const { publicKey } = await ask<PushReply>('GET', '/api/push')
  const subscription = await worker.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: own(unbase64url(publicKey) ?? new Uint8Array(0)),
  })
  const body: PushBody = {
    endpoint: subscription.endpoint,
    p256dh: keyText(subscription, 'p256dh'),
    auth: keyText(subscription, 'auth'),
  }
  await ask<undefined>('PUT', '/api/push', { body })
  return 'on'
}

export async function switchPushOff(): Promise<PushState> {
  const subscription = await (await registration())?.pushManager.getSubscription()
  if (subscription === undefined || subscription === null) return 'off'
  await ask<undefined>('DELETE', '/api/push', { body: { endpoint: subscription.endpoint } })
  await subscription.unsubscribe()
  return 'off'
}

const keyText = (subscription: PushSubscription, name: PushEncryptionKeyName): string =>
  base64url(new Uint8Array(subscription.getKey(name) ?? new ArrayBuffer(0)))
