import { z } from 'zod'
import { quietHours, timeZone } from './quiet.ts'
import { camera, type CameraConfig } from './camera.ts'
import { actions } from './actions.ts'
import { chime, sound } from './sound.ts'
import { homeAssistant } from './home-assistant.ts'
import { gpio } from './gpio.ts'
import { night, type NightConfig } from './night.ts'
import { zones } from './zones.ts'
import { Fault } from '../base/fault.ts'

const MIB = 1024 * 1024
const GB = 1e9

const wholeMs = (least: number, most: number) => z.number().int().min(least).max(most)

const store = z.strictObject({
  endpoint: z.url().optional().describe('address of the S3-compatible store; left out for AWS'),
  region: z.string().min(1).default('us-east-1').describe('region, as the store names it'),
  bucket: z.string().min(3).max(63).describe('bucket; it must exist'),
  pathStyle: z
    .boolean()
    .default(true)
    .describe('`https://host/bucket/object` instead of `https://bucket.host/object`'),
  credentialsFile: z
    .string()
    .optional()
    .describe(
      'JSON file with `accessKeyId` and `secretAccessKey`; left out: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`',
    ),
})

const mqtt = z.strictObject({
  url: z
    .string()
    .regex(/^mqtts?:\/\/\S+$/, 'wanted mqtt://host:port or mqtts://host:port')
    .describe('broker; `mqtts://` for TLS'),
  protocol: z.enum(['5', '3.1.1']).default('5').describe('MQTT version'),
  username: z.string().optional().describe('account at the broker'),
  passwordFile: z.string().optional().describe('file whose first line is the password'),
  prefix: z
    .string()
    .regex(/^[^#+\s/]+(\/[^#+\s/]+)*$/, 'wanted a topic without #, + or blanks')
    .default('lintel')
    .describe('first part of every topic'),
  caFile: z.string().optional().describe('PEM of the authority that signed the broker’s certificate'),
  certFile: z.string().optional().describe('PEM of our certificate, where the broker asks for one'),
  keyFile: z.string().optional().describe('PEM of its private key'),
  ...homeAssistant,
})

const live = z.strictObject({
  rtsp: z
    .strictObject({
      port: z
        .number()
        .int()
        .min(0)
        .max(65_535)
        .default(0)
        .describe('where VLC, ffmpeg and recorders get the live picture by RTSP, usually 8554; 0: nowhere'),
      host: z
        .string()
        .min(1)
        .default('127.0.0.1')
        .describe(
          'address it listens on; `0.0.0.0`: all. The pictures are not encrypted on their way: only within a network that is yours',
        ),
      username: z.string().min(1).max(64).default('lintel').describe('who may watch by RTSP'),
      passwordFile: z
        .string()
        .optional()
        .describe('file whose first line is the password for RTSP; without it nobody may'),
    })
    .prefault({}),
})

const WANTED = ['press', 'pir', 'motion', 'person', 'vehicle', 'animal', 'carried'] as const
type WantedWord = (typeof WANTED)[number]

/** A sign or a label, anywhere or in one zone: see `parseWanted`. */
const wanted = z
  .string()
  .regex(
    new RegExp(`^(${WANTED.join('|')})(@.{1,40})?$`),
    'wanted press, pir, motion, person, vehicle, animal or carried, and perhaps @ and the name of a zone',
  )

/** `person@garden` is a person who stands in the zone garden. */
export function parseWanted(text: string): { readonly what: WantedWord; readonly zone: string | undefined } {
  const at = text.indexOf('@')
  const what = WANTED.find((word) => word === (at < 0 ? text : text.slice(0, at)))
  if (what === undefined) throw new Fault('invalid', `wanted one of ${WANTED.join(', ')}, got ${text}`)
  return { what, zone: at < 0 ? undefined : text.slice(at + 1) }
}

const web = z.strictObject({
  host: z
    .string()
    .min(1)
    .max(255)
    .default('127.0.0.1')
    .describe('address the owner’s page listens on; `0.0.0.0` for the whole network, then over HTTPS only'),
  port: z.number().int().min(0).max(65_535).default(8460).describe('its port; 0: any free one'),
  names: z
    .array(z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'wanted a host name in lower case'))
    .max(16)
    .default([])
    .describe(
      'names the household reaches it by, such as `doorbell.local`; requests for any other are refused',
    ),
  certFile: z
    .string()
    .optional()
    .describe('PEM of its certificate and those above it; left out: the device makes its own'),
  keyFile: z.string().optional().describe('PEM of the private key of `certFile`'),
})

export const configSchema = z.strictObject({
  device: z
    .strictObject({
      name: z
        .string()
        .min(1)
        .max(60)
        .default('Front door')
        .describe('what the household calls this doorbell'),
      timeZone: timeZone
        .optional()
        .describe('where it is, as `Europe/Berlin`: the IANA name of its time zone; quiet hours need it'),
    })
    .prefault({}),
  camera: camera.prefault({}),
  night: night.prefault({}),
  capture: z
    .strictObject({
      prerollMs: wholeMs(0, 30_000)
        .default(6000)
        .describe('how much of the time before the first sign is in a clip'),
      prerollBytesMax: z
        .number()
        .int()
        .min(MIB)
        .max(256 * MIB)
        .default(48 * MIB)
        .describe('memory the preroll may take, in bytes'),
      stallMs: wholeMs(1000, 600_000)
        .default(15_000)
        .describe('a camera that sends nothing for so long has hung and is opened again'),
      privateZones: z
        .enum(['refuse', 're-encode', 'record'])
        .default('refuse')
        .describe(
          'where the stream arrives encoded and there are `private` zones: `refuse` does not start; `re-encode` encodes it anew with the zones filled in, which costs processor time; `record` records them all the same, and says so at every start. Where we encode ourselves they are always filled in before',
        ),
    })
    .prefault({}),
  board: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe(
      'board whose wiring and camera are the defaults: a name from `firmware-config/boards/`, or a file',
    ),
  gpio: gpio.prefault({}).describe('the wires'),
  lines: z
    .strictObject({
      pressHoldMs: wholeMs(1, 1000)
        .default(10)
        .describe(
          'a press counts when the button was down for so long without a break; longer against long wires',
        ),
      releaseMs: wholeMs(1, 5000)
        .default(50)
        .describe('the next press is another one when the button was up for so long'),
      stuckMs: wholeMs(1000, 3_600_000)
        .default(30_000)
        .describe('a button that is down for longer is stuck: that is reported, and it rings no more'),
      pirHoldMs: wholeMs(0, 5000)
        .default(10)
        .describe('the PIR has to be active for so long; less is a spike on its wire'),
      pirWarmUpMs: wholeMs(0, 600_000)
        .default(60_000)
        .describe('so long after power-up the PIR is warming up, and what it says does not count'),
      resetHoldMs: wholeMs(1000, 60_000)
        .default(5000)
        .describe('the recessed button has to be held for so long; then there is a new code for an owner'),
    })
    .prefault({}),
  visit: z
    .strictObject({
      quietAfterMs: wholeMs(500, 600_000)
        .default(8000)
        .describe('a visit is over this long after its last sign'),
      leftAfterMs: wholeMs(0, 600_000)
        .default(1500)
        .describe('when all who moved were seen to leave, it is over sooner: this long after they did'),
      fusion: z
        .enum(['either', 'both', 'pir-wakes-vision'])
        .default('either')
        .describe(
          'what begins a visit, apart from a press: `either` PIR or movement in the picture; `both`, within `visit.fusionMs`: neither warm wind nor shadows; `pir-wakes-vision`: movement, but only after the PIR, and before it no picture is decoded',
        ),
      fusionMs: wholeMs(500, 60_000)
        .default(5000)
        .describe('so far apart PIR and movement may be, where both are needed'),
      pirHoldMsMax: wholeMs(1000, 3_600_000)
        .default(60_000)
        .describe('a PIR active for longer is stuck and no sign any more'),
      record: z
        .array(wanted)
        .max(32)
        .default(['motion', 'pir'])
        .describe(
          'what makes a clip, apart from a press: `motion`, `pir`, `person`, `vehicle`, `animal`, `carried`; with `@` and a zone’s name only there',
        ),
      notify: z
        .array(wanted)
        .max(32)
        .default(['person'])
        .describe('what is worth a notice, apart from a press; the same words'),
    })
    .prefault({}),
  clip: z
    .strictObject({
      partMs: wholeMs(200, 2000)
        .default(1500)
        .describe('length of a part: at most this much is lost when power goes'),
      msMax: wholeMs(10_000, 3_600_000).default(300_000).describe('a longer visit continues in a next clip'),
    })
    .prefault({}),
  detect: z
    .strictObject({
      sensitivity: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe('0: only what is large and near; 1: everything that moves'),
      decode: z
        .enum(['auto', 'always'])
        .default('auto')
        .describe(
          'when pictures are decoded: `auto`: once the sizes of the packets have proven to tell of movement, only then; `always`',
        ),
      recognise: z
        .boolean()
        .default(true)
        .describe('tells people, vehicles and animals apart during a visit; takes 160 MB while it does'),
      zones: zones
        .default([])
        .describe('areas of the picture; no `watch` zone: all counts that is not in another'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      bytesMax: z
        .number()
        .int()
        .min(10 * MIB)
        .default(8 * GB)
        .describe('room for clips on the device; uploaded and oldest go first'),
      daysMax: z
        .number()
        .min(0.01)
        .max(3650)
        .default(30)
        .describe('clips on the device are removed after this many days'),
      reserveBytes: z
        .number()
        .int()
        .min(0)
        .default(512 * MIB)
        .describe('disk space always left free'),
    })
    .prefault({}),
  quietHours: quietHours.prefault({}),
  live: live.prefault({}),
  sound: sound.prefault({}),
  chime: chime.prefault({}),
  store: store.optional().describe('cloud; left out: clips stay on the device'),
  mqtt: mqtt.optional().describe('broker; left out: nobody is told'),
  actions,
  web: web.prefault({}).describe('the owner’s page'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('least severity written to the log'),
    })
    .prefault({}),
})

export type Config = z.output<typeof configSchema>
export type StoreConfig = z.output<typeof store>
export type MqttConfig = z.output<typeof mqtt>
export type WebConfig = z.output<typeof web>
export type GpioConfig = z.output<typeof gpio>
export type { CameraConfig, NightConfig }

export const configDefaults = (): Config => configSchema.parse({})

export type ConfigKey = {
  readonly key: string
  readonly about: string
  readonly fallback: string
  readonly wanted: string
}

/** One row per setting, for the README and for messages: dotted key, meaning, default, what is allowed. */
export const describeConfig = (): readonly ConfigKey[] => (described ??= rowsOf(jsonSchemaOf(), ''))

/** Always the same, and asked for with every setting of every story. */
let described: readonly ConfigKey[] | undefined

type JsonSchema = {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly minimum?: number
  readonly maximum?: number
}

/** zod writes draft 2020-12; of it we read the members named in `JsonSchema`. */
const jsonSchemaOf = (): JsonSchema => z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema

function rowsOf(schema: JsonSchema, prefix: string): readonly ConfigKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    if (member.properties !== undefined) return rowsOf(member, key)
    const row = {
      key,
      about: member.description ?? '',
      fallback: member.default === undefined ? '–' : JSON.stringify(member.default),
      wanted: wantedOf(member),
    }
    return [row, ...(member.items?.properties === undefined ? [] : rowsOf(member.items, `${key}[]`))]
  })
}

function wantedOf(member: JsonSchema): string {
  if (member.enum !== undefined) return member.enum.map(String).join(', ')
  if (member.type === 'array') return 'list'
  if (member.minimum === undefined && member.maximum === undefined) return member.type ?? 'text'
  const most = member.maximum ?? Number.MAX_SAFE_INTEGER
  return most >= Number.MAX_SAFE_INTEGER ? `≥ ${member.minimum}` : `${member.minimum} … ${member.maximum}`
}
