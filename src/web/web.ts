import type { Listening, ListenOptions } from '../ports/web-server.ts'
import type { WebDeps } from './deps.ts'
import { Rarely, type WebDesk } from './desk.ts'
import type { Site } from './guard.ts'
import { Presence } from './presence.ts'
import { serveRequest, serveUpgrade } from './serve.ts'

export type WebOptions = {
  readonly listen: ListenOptions
  /** Names and addresses the device is called by; `name:port` where a router in between has another port. Nothing else is answered. */
  readonly names: readonly string[]
  /** The owner root (PEM), where the device made its own certificate: `GET /root.crt`. */
  readonly rootCertificate?: string | undefined
}

export interface Web extends Listening {
  /** Another doorbell runs now, or none: every page connects again. */
  doorbellChanged(): void
}

export async function startWeb(deps: WebDeps, options: WebOptions): Promise<Web> {
  const presence = new Presence(deps)
  const { rootCertificate } = options
  const desk: WebDesk = { ...deps, presence, rarely: new Rarely(), rootCertificate }
  let site: Site = {
    names: options.names,
    port: options.listen.port,
    isSecure: options.listen.tls !== undefined,
  }
  try {
    const listening = await deps.server.listen(
      {
        onRequest: (request) => serveRequest(desk, site, request),
        onUpgrade: (request) => serveUpgrade(desk, site, request),
      },
      options.listen,
    )
    site = { ...site, port: listening.port, isSecure: listening.isSecure }
    return {
      port: listening.port,
      isSecure: listening.isSecure,
      doorbellChanged: () => presence.endAll(),
      async [Symbol.asyncDispose]() {
        presence[Symbol.dispose]()
        await listening[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    presence[Symbol.dispose]()
    throw error
  }
}
