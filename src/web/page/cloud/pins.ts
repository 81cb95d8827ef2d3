/**
 * What this browser has seen of a store before: who writes its ledger, and how far that had grown. A store that is exchanged or rolled back as a
 * whole is consistent in itself; only this memory shows it. As `src/owner/pins.ts`.
 */
export type Head = { readonly size: number; readonly root: string }
export type CloudPin = {
  readonly device: { readonly name: string; readonly key: string }
  readonly checkpoint?: Head
}

export type Surprise =
  | { readonly what: 'other-device'; readonly was: string; readonly is: string }
  | { readonly what: 'gone'; readonly was: number }
  | { readonly what: 'rolled-back'; readonly was: number; readonly is: number }
  | { readonly what: 'rewritten'; readonly was: number }

export type Seen = CloudPin & {
  /** Base64 of the root over the first `size` entries that are there now. */
  readonly rootAt: (size: number) => Promise<string | undefined>
}

/** Without a surprise the newer state is remembered; a surprise keeps the old one, so that it is told again until somebody accepts it. */
export async function comparePin(
  pinned: CloudPin | undefined,
  seen: Seen,
): Promise<{ readonly surprise?: Surprise; readonly next: CloudPin }> {
  const surprise = pinned === undefined ? undefined : await surpriseIn(pinned, seen)
  return surprise === undefined || pinned === undefined
    ? { next: pinOf(seen, pinned) }
    : { surprise, next: pinned }
}

export function pinOf({ device, checkpoint }: CloudPin, pinned?: CloudPin): CloudPin {
  const head = checkpoint ?? pinned?.checkpoint
  return { device, ...(head === undefined ? {} : { checkpoint: head }) }
}

async function surpriseIn(pinned: CloudPin, seen: Seen): Promise<Surprise | undefined> {
  if (pinned.device.key !== seen.device.key)
    return { what: 'other-device', was: pinned.device.name, is: seen.device.name }
  const [before, now] = [pinned.checkpoint, seen.checkpoint]
  if (before === undefined) return undefined
  if (now === undefined) return { what: 'gone', was: before.size }
  if (now.size < before.size) return { what: 'rolled-back', was: before.size, is: now.size }
  if ((await seen.rootAt(before.size)) !== before.root) return { what: 'rewritten', was: before.size }
  return undefined
}
