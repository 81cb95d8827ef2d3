/** What is told, where, and whether the broker keeps it for those who come later. */
export const TOPICS = {
  availability: {
    retain: true,
    about: '`online` or `offline` (plain text; the last will says `offline` when the device vanishes)',
  },
  status: {
    retain: true,
    about:
      '`name`, `version` of the payloads (1), `dropped` messages since the start; `privateRecorded` (one text, only where there are any): private zones that are recorded all the same',
  },
  press: {
    retain: false,
    about:
      '`id` (the same when it has to be told again), `visit`, `at`, `iso`, `trustedClock`: the button was pushed; `quiet` (true, in quiet hours only)',
  },
  chime: {
    retain: false,
    about:
      '`at`, `iso`, `trustedClock`: other chimes shall ring now; only with `chime.mqtt`, and only while the broker is there: a chime that rings later is none',
  },
  visit: {
    retain: false,
    about:
      '`state` (`began`, `ended`), `visit`, `at`, `iso`, `trustedClock`; began: `sign`; ended: `durationMs`, `signs` and `labels` (one text each), `presses` (how many)',
  },
  notice: {
    retain: false,
    about:
      '`visit`, `at`, `iso`, `trustedClock`, `what` (a sign, a label, or `somebody` when nobody could be recognised), `zone` where the rule names one: what `visit.notify` asks for, once a visit, and not in quiet hours where those silence it; a press tells of itself',
  },
  motion: {
    retain: true,
    about: '`state` (`on`, `off`; `off` at the start), `at`, `iso`, `trustedClock`',
  },
  clip: {
    retain: false,
    about:
      '`state` (`sealed`, `uploaded`, `expired`), `clip`; sealed: `visit`, `parts`, `bytes`, `durationMs`',
  },
  alarm: {
    retain: false,
    about:
      '`what` (`storage-failed`, `line-stuck`, `index-rebuilt`, `hot`, `under-voltage`, `uploads-stuck`), `state` (`began`, `ended`), `at`, `iso`, `trustedClock`: somebody should look after the doorbell',
  },
  seeing: {
    retain: true,
    about:
      '`trusted` (packets alone tell when it is worth decoding), `why`, `decodedShare` (of the time so far), `savedS` (seconds of video not decoded), `recognising` (`off`, `asleep`, `ready`, `missing`), `missing` (what is, in a sentence), `detection` (where pictures for detection come from: `raw`, `small-stream`, `decoded`, `none`) and `detectionWhy`',
  },
  health: {
    retain: true,
    about: '`alarms`: one text with all that last, empty when all is well and at the start',
  },
  person: {
    retain: true,
    about:
      '`state` (`on` from the first sight of a person until the visit is over, else `off`), `at`, `iso`, `trustedClock`',
  },
  vitals: {
    retain: true,
    about:
      'looked at every 30 s, told when it changed: `camera` (`sending`, `silent`, `never`), `freeGb` (of the disk), `clips` (how many are here), `uploads` (objects waiting for the store), `celsius`, `underVoltage`, `clockTrusted`, `version`; what nobody knows is left out. Only with a broker of one’s own (`mqtt.url`), as is the rest of this table',
  },
  settings: {
    retain: true,
    about:
      'what may be changed by `set`: `sensitivity` (0.3 to 1), `quiet-after` (seconds, 5 to 120), `recognise`; where there is an owner’s page',
  },
  picture: {
    retain: true,
    about:
      'a JPEG in base64 of whoever pressed last, **not sealed**: only with `mqtt.pictures`, which is off; taken back when it is switched off',
  },
  set: {
    retain: false,
    about:
      '**to the doorbell**, below it: `set/sensitivity`, `set/quiet-after` (a number), `set/recognise` (`on`, `off`). Nothing that reveals, deletes or weakens; retained messages are ignored',
  },
  order: {
    retain: false,
    about:
      '**to the doorbell**: an order signed by the owner, see [Signed orders](#signed-orders); everything else that comes there does nothing',
  },
  answer: {
    retain: false,
    about: 'to an order that the owner signed: `order` (its `jti`), `ok`, `says`',
  },
} as const

export type TopicKind = keyof typeof TOPICS

/** The device's name as one level of a topic. */
export const deviceLevel = (device: string): string => device.replaceAll('/', '-')

export const topicOf = (
  { prefix, device }: { readonly prefix: string; readonly device: string },
  kind: TopicKind,
): string => `${prefix}/${deviceLevel(device)}/${kind}`
