import type { StatusFacts } from './status.ts'

type Sample = {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number | boolean | undefined
}
type Metric = { readonly name: string; readonly help: string; readonly samples: readonly Sample[] }

const one = (name: string, help: string, value: Sample['value']): Metric => ({
  name,
  help,
  samples: [{ value }],
})

/** All are gauges, in base units, named as prometheus.io/docs/practices/naming asks. */
const metricsOf = (facts: StatusFacts): readonly Metric[] => [
  {
    name: 'lintel_info',
    help: 'Which version runs.',
    samples: [{ labels: { version: facts.version }, value: 1 }],
  },
  {
    name: 'lintel_alarm',
    help: 'What somebody should look after; no sample: nothing.',
    samples: facts.alarms.map((what) => ({ labels: { what }, value: 1 })),
  },
  one(
    'lintel_camera_silent_seconds',
    'Since the camera sent its last packet.',
    seconds(facts.cameraSilentMs),
  ),
  one('lintel_disk_free_bytes', 'Room on the disk of the data folder.', facts.disk?.bytes),
  one('lintel_disk_size_bytes', 'Size of that disk.', facts.disk?.ofBytes),
  one('lintel_clips', 'Clips kept here.', facts.kept.clips),
  one('lintel_clips_bytes', 'Their size.', facts.kept.bytes),
  one('lintel_clips_unsealed', 'Ended, and no room to seal them.', facts.unsealed),
  one(
    'lintel_uploads_waiting',
    'Objects on their way to the store.',
    facts.hasStore ? facts.uploads : undefined,
  ),
  one(
    'lintel_messages_waiting',
    'Messages on their way to the broker.',
    facts.broker === 'none' ? undefined : facts.messages,
  ),
  one(
    'lintel_broker_connected',
    '1 while the broker is connected.',
    facts.broker === 'none' ? undefined : facts.broker === 'connected',
  ),
  one('lintel_temperature_celsius', 'Of the processor.', facts.celsius),
  one('lintel_under_voltage', '1 while the supply is too weak.', facts.isUnderVoltage),
  one('lintel_throttled', '1 while the board slows itself down.', facts.isThrottled),
  one('lintel_disk_worn_ratio', 'Of what the disk may be written, as it says itself.', facts.diskWorn),
  one('lintel_clock_trusted', '1 when the time of day is known.', facts.clockTrusted),
  one('lintel_viewers', 'Who watches live.', facts.viewers.length),
  one('lintel_decoded_ratio', 'Of all pictures, those that had to be decoded.', facts.decoding.decodedShare),
]

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000)

/** Text exposition format 0.0.4. What is not known is left out. */
export const prometheusText = (facts: StatusFacts): string => metricsOf(facts).map(textOf).join('')

function textOf({ name, help, samples }: Metric): string {
  const lines = samples.flatMap(({ labels, value }) =>
    value === undefined ? [] : [`${name}${labelsOf(labels)} ${Number(value)}`],
  )
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('\n')}\n`
}

const labelsOf = (labels: Sample['labels']): string =>
  labels === undefined
    ? ''
    : `{${Object.entries(labels)
        .map(
          ([label, text]) =>
            `${label}="${text.replaceAll(/["\\\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`))}"`,
        )
        .join(',')}}`
