export const LIVE_LIMITS = {
  /** By all transports together; one more is refused. */
  viewersMax: 8,
  /** Of what waits for one viewer; when there is more, all of it is left out, up to the next key frame. */
  packetsMax: 600,
  bytesMax: 8 * 1024 * 1024,
} as const
