/** Where a device's clips and ledger lie, seen from the owner's side: its data folder, or the store. */

export type ObjectKind = 'part' | 'meta' | 'poster' | 'manifest'

/** One object of a clip. `part` counts from 0; for the other kinds it is 0. `name` is its name in the cloud. */
export type ObjectRef = {
  readonly clip: string
  readonly what: ObjectKind
  readonly part: number
  readonly name: string
}

/** An object as the doorbell's index knows it. */
export type KnownObject = {
  readonly ref: ObjectRef
  readonly bytes: number
  readonly sha256: string
  /** The store has acknowledged exactly this. */
  readonly isUploaded: boolean
}

export type GrowingClip = { readonly clip: string; readonly objects: readonly KnownObject[] }

export interface ClipSource {
  /** For messages: “the device”, “the store”. */
  readonly label: string
  /**
   * The device's public key, where this source is the device itself; else found out from what it signed. Throws
   * `Fault('corrupt')` when the key's file is none.
   */
  deviceKey(): Promise<Uint8Array | undefined>
  /** The signed checkpoint. */
  checkpoint(): Promise<string | undefined>
  /** The first `size` entries; fewer when some are missing. Throws `Fault('corrupt')` when they cannot be told apart. */
  entries(size: number): Promise<readonly Uint8Array[]>
  /** How many more there are that only a checkpoint can vouch for. In a store the pieces of the ledger tell. */
  entriesBeyond(size: number): Promise<number>
  /** Undefined when it is not there. */
  read(ref: ObjectRef): Promise<Uint8Array | undefined>
  /** Where that is, for messages and to tell it from what nobody signed for. */
  placeOf(ref: ObjectRef): string
  /** Everything that lies where clips lie. */
  places(): Promise<readonly string[]>
  /** Everything where tiles and bundles of the ledger lie. Undefined on the device, which keeps none. */
  tiles(): Promise<readonly { readonly name: string; readonly bytes: Uint8Array }[] | undefined>
  /** Clips that are not finished: only the device knows of them. */
  growing(): Promise<readonly GrowingClip[]>
  /** Clips whose files this source has let go in an orderly way. */
  expired(): Promise<ReadonlySet<string>>
  /** Names of objects that are on their way to the store, as the device knows it; not what was set aside for good. */
  waiting(): Promise<ReadonlySet<string>>
}
