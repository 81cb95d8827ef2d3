/** The service worker: the page is there without the doorbell, and hears of presses when it is closed. */
const SCRIPT = './sw.js'

type TrustedTypes = {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): unknown }
}

/** Where the browser asks who vouches for addresses of scripts: we do, for this one. */
function scriptAddress(): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('lintel', {
    createScriptURL(address) {
      if (address === SCRIPT) return address
      throw new TypeError(`wanted ${SCRIPT}, got ${address}`)
    },
  })
  // A `TrustedScriptURL` stands wherever an address may; the types of the DOM only know the latter.
  return (policy?.createScriptURL(SCRIPT) ?? SCRIPT) as string
}

export function registerWorker(): void {
  if (!('serviceWorker' in navigator)) return
  // Without it everything works but notices and being there offline: in private windows browsers refuse it.
  navigator.serviceWorker.register(scriptAddress(), { scope: './' }).catch(() => undefined)
}
