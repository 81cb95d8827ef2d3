import type { ClipId } from '../base/ids.ts'
import type { KeyRange } from '../ports/records.ts'

/** Key of a grant's row: all of a clip stand together. */
export const grantKey = (clip: ClipId, to: string): string => `${clip}/${to}`

export const grantRange = (clip: ClipId): KeyRange => ({ from: `${clip}/`, before: `${clip}0` }) // '0' comes right after '/'.
