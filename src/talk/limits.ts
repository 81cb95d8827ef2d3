export const TALK_LIMITS = {
  /** Who sends no sound for so long has stopped talking. */
  silentMsMax: 3000,
  /** A microphone that was forgotten at home shall not be heard at the street for ever. */
  talkMsMax: 180_000,
  /** What was said last is still in the air and in the speaker. */
  echoMs: 350,
} as const
