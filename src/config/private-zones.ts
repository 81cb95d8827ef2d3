import { assertNever } from '../base/assert.ts'
import { Fault } from '../base/fault.ts'
import type { Config } from './schema.ts'
import type { ZoneConfig } from './zones.ts'

/**
 * What becomes of the private zones of one camera.
 * `burn-in`: we encode its pictures, and fill the zones in before. `re-encode`: somebody else has encoded them, and the owner
 * wants them encoded anew. `record`: the owner lets them be recorded. `refuse`: nobody has chosen, so nothing may start.
 */
export type PrivacyPlan = {
  readonly plan: 'nothing' | 'burn-in' | 're-encode' | 'record' | 'refuse'
  readonly zones: readonly ZoneConfig[]
}

/** `isEncoded`: the pictures reach us encoded, so that nothing in them can be hidden any more. */
export function planPrivacy(config: Config, stream: { readonly isEncoded: boolean }): PrivacyPlan {
  const zones = config.detect.zones.filter(({ mode }) => mode === 'private')
  if (zones.length === 0) return { plan: 'nothing', zones }
  return { plan: stream.isEncoded ? config.capture.privateZones : 'burn-in', zones }
}

/** The polygons to fill in before anything is encoded. Throws `Fault('invalid')` where the owner has to choose first. */
export function areasToHide(name: string, { plan, zones }: PrivacyPlan): readonly ZoneConfig['points'][] {
  switch (plan) {
    case 'nothing':
    case 'record':
      return []
    case 'burn-in':
    case 're-encode':
      return zones.map(({ points }) => points)
    case 'refuse':
      throw new Fault('invalid', refusal(name, zones))
    default:
      return assertNever(plan)
  }
}

/**
 * The names of the private zones that will be recorded with a camera that hides them, or does not.
 * Throws `Fault('invalid')` unless the owner has chosen that: a doorbell never records silently what is private.
 */
export function privateZonesRecorded(
  config: Config,
  camera: { readonly hidesPrivate?: boolean },
): readonly string[] {
  const { zones } = planPrivacy(config, { isEncoded: true })
  if (zones.length === 0 || camera.hidesPrivate === true) return []
  switch (config.capture.privateZones) {
    case 'record':
      return zones.map(({ name }) => name)
    case 'refuse':
      throw new Fault('invalid', refusal('this camera', zones))
    case 're-encode':
      throw new Fault(
        'invalid',
        `this camera is not encoded anew, so ${namesOf(zones)} cannot be hidden in it`,
      )
    default:
      return assertNever(config.capture.privateZones)
  }
}

const refusal = (name: string, zones: readonly ZoneConfig[]): string =>
  `${name}: its stream arrives already encoded, so ${namesOf(zones)} cannot be hidden in it: choose ` +
  'capture.privateZones=re-encode (it is encoded anew with them filled in, which costs processor time) or ' +
  'capture.privateZones=record (they are recorded, only not watched)'

/** `private zone “gate”`, `private zones “gate”, “window”`. */
export const namesOf = (zones: readonly { readonly name: string }[]): string =>
  `private zone${zones.length === 1 ? '' : 's'} ${zones.map(({ name }) => `“${name}”`).join(', ')}`
