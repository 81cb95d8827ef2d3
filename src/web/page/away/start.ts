/** How far one is: the browser allows it, the store is known, the key is here. */
import { messageOf } from '../../../base/fault.ts'
import { createStore, type Store as Value } from '../app/store.ts'
import { browserCache } from '../clips/sealed-cache.ts'
import { accessInHash, readAccess, type KeptAccess } from '../cloud/access.ts'
import { openStore } from '../cloud/store.ts'
import { keepBeside, keepKey, forgetAll, readBeside, readKept } from '../keys/key-store.ts'
import { keyFromKept, type HouseKey } from '../keys/house-key.ts'
import { texts } from '../texts.ts'
import { CloudHouse } from './house.ts'

export type Stage =
  | { readonly at: 'starting' }
  | { readonly at: 'impossible'; readonly why: string }
  | { readonly at: 'access'; readonly problem?: string }
  | { readonly at: 'key'; readonly access: KeptAccess }
  | { readonly at: 'in'; readonly house: CloudHouse }

const ACCESS = 'cloud access'

export const createStage = (): Value<Stage> => createStore<Stage>({ at: 'starting' })

export async function start(stage: Value<Stage>): Promise<void> {
  if (globalThis.top !== globalThis.self) return stage.set({ at: 'impossible', why: texts.cloud.framed })
  if (!globalThis.isSecureContext) return stage.set({ at: 'impossible', why: texts.cloud.insecure })
  try {
    const linked = accessInHash(location.hash)
    // Whoever looks at the address, or the history, shall not find it there.
    if (linked !== undefined) history.replaceState(undefined, '', '#/visits')
    if (linked !== undefined) return await takeAccess(stage, linked)
  } catch (error) {
    return stage.set({ at: 'access', problem: messageOf(error) })
  }
  const access = await readBeside<KeptAccess>(ACCESS)
  if (access === undefined) return stage.set({ at: 'access' })
  await withAccess(stage, access)
}

/** The text of an access file. Throws `Fault('corrupt')` when it is none. */
export async function takeAccess(stage: Value<Stage>, json: string): Promise<void> {
  const access = await readAccess(json)
  await keepBeside(ACCESS, access)
  await withAccess(stage, access)
}

async function withAccess(stage: Value<Stage>, access: KeptAccess): Promise<void> {
  const { key } = await readKept()
  if (key === undefined) return stage.set({ at: 'key', access })
  open(stage, access, await keyFromKept(key))
}

export async function takeKey(stage: Value<Stage>, access: KeptAccess, key: HouseKey): Promise<void> {
  await keepKey(key.kept)
  open(stage, access, key)
}

function open(stage: Value<Stage>, access: KeptAccess, key: HouseKey): void {
  const house = new CloudHouse({ access, key, store: openStore(access), cache: browserCache() })
  stage.set({ at: 'in', house })
  void house.look()
}

export async function forget(stage: Value<Stage>, house: CloudHouse): Promise<void> {
  house.dispose()
  await house.deps.cache.clear()
  await forgetAll()
  stage.set({ at: 'access' })
}
