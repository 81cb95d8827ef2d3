/** Clips from the doorbell. */
import type { ClipsReply, GrantsReply } from '../../api.ts'
import type { ClipSource } from '../clips/clip-source.ts'
import { ask, askBytes } from './api-client.ts'

export const deviceSource = (): ClipSource => ({
  list: ({ before, limit }) =>
    ask<ClipsReply>('GET', `/api/clips?limit=${limit}${before === undefined ? '' : `&before=${before}`}`),
  read: ({ clip }, { file }, options) => askBytes(`/api/clips/${clip}/${file}`, options),
  grants: async (clip) => (await ask<GrantsReply>('GET', `/api/clips/${clip}/grants`)).grants,
  tell: (clip, body) => ask<undefined>('POST', `/api/clips/${clip}/told`, { body }),
  corrected: (meta) => meta, // It says itself whether its clock was trusted.
})
