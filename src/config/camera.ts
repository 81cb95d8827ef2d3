import { z } from 'zod'

const SIDE_MAX = 4096

/** Cameras hand out addresses with both in them; there they would stand in copies, in logs, and in the list of processes. */
const WITHOUT_SECRET =
  'wanted rtsp://host/path or rtsps://host/path without user name and password: they belong into camera.rtsp.username and into the first line of the file that camera.rtsp.passwordFile names'

const rtspAddress = z
  .string()
  .max(2000)
  .regex(/^rtsps?:\/\/[^\s/?#@]+([/?#][^\s]*)?$/i, WITHOUT_SECRET)

const rtsp = z.strictObject({
  url: rtspAddress
    .optional()
    .describe(
      'address of the stream that is recorded, `rtsp://host/path` or `rtsps://` for TLS; without user name and password',
    ),
  detectUrl: rtspAddress
    .optional()
    .describe(
      'address of the same camera’s small stream: what is looked at for movement is decoded from it, which costs a fraction',
    ),
  username: z.string().min(1).max(200).optional().describe('account at the camera'),
  passwordFile: z.string().optional().describe('file whose first line is the password of that account'),
  caFile: z
    .string()
    .optional()
    .describe(
      'PEM of the authority that signed the camera’s certificate, or of the certificate itself; its name is not looked at then',
    ),
})

/** Which camera, and how it is asked for pictures. */
export const camera = z.strictObject({
  kind: z
    .enum(['none', 'libcamera', 'v4l2', 'rtsp', 'file'])
    .default('none')
    .describe(
      '`libcamera`: a camera module on the ribbon cable; `v4l2`: USB and other cameras at `camera.device`; `rtsp`: one in the network; `file`: a video that plays again and again; `none`: the bell rings without pictures',
    ),
  width: z
    .number()
    .int()
    .min(64)
    .max(SIDE_MAX)
    .default(1280)
    .describe('of the pictures; `v4l2` and `libcamera`'),
  height: z
    .number()
    .int()
    .min(64)
    .max(SIDE_MAX)
    .default(720)
    .describe('of the pictures; `v4l2` and `libcamera`'),
  framesPerS: z.number().min(1).max(60).default(15).describe('pictures a second; `v4l2` and `libcamera`'),
  quality: z
    .number()
    .int()
    .min(10)
    .max(45)
    .default(24)
    .describe(
      'what the encoder may lose, as x264 counts it: less is better and larger. The quality is kept and the size follows, so that packets tell of movement; `v4l2` and `libcamera`',
    ),
  kbitsMax: z
    .number()
    .int()
    .min(100)
    .max(50_000)
    .default(6000)
    .describe('kilobits a second that are not exceeded for long, whatever moves; `v4l2` and `libcamera`'),
  rotation: z
    .literal([0, 90, 180, 270])
    .default(0)
    .describe('degrees that the pictures are turned clockwise; `v4l2` and `libcamera`'),
  encoder: z
    .enum(['auto', 'hardware', 'software'])
    .default('auto')
    .describe(
      '`auto`: the board’s own H.264 encoder where there is one and it works, else x264; `v4l2` and `libcamera`',
    ),
  device: z
    .string()
    .min(1)
    .default('/dev/video0')
    .describe('of a `v4l2` camera; names below `/dev/v4l/by-id/` stay the same'),
  format: z
    .string()
    .regex(/^[a-z0-9_]{2,20}$/, 'wanted the name of a format such as mjpeg or yuyv422')
    .default('auto')
    .describe('in which the `v4l2` camera gives its pictures: `auto`, `mjpeg`, `yuyv422` …'),
  number: z
    .number()
    .int()
    .min(0)
    .max(7)
    .default(0)
    .describe('of the `libcamera` camera, as `rpicam-vid --list-cameras` counts them'),
  file: z.string().optional().describe('the video of `kind: file`'),
  rtsp: rtsp.prefault({}),
})

export type CameraConfig = z.output<typeof camera>

/** Rows of such a multiple stand one behind the other in memory on every Raspberry Pi; others have gaps in between. */
const LIBCAMERA_WIDTH_STEP = 64

const NEEDS = { rtsp: 'rtsp.url', file: 'file' } as const

/** What a kind cannot do without. */
export function checkCamera(
  { camera: { kind, width, rtsp: address, file } }: { readonly camera: CameraConfig },
  context: z.RefinementCtx,
): void {
  const missing = (kind === 'rtsp' && address.url === undefined) || (kind === 'file' && file === undefined)
  if (missing)
    context.addIssue({
      code: 'custom',
      path: ['camera', ...NEEDS[kind].split('.')],
      message: kind === 'rtsp' ? 'wanted the address of the camera' : 'wanted the path of a video',
      input: undefined,
    })
  if (kind === 'libcamera' && width % LIBCAMERA_WIDTH_STEP !== 0)
    context.addIssue({
      code: 'custom',
      path: ['camera', 'width'],
      message: `wanted a multiple of ${LIBCAMERA_WIDTH_STEP} for a camera module`,
      input: width,
    })
  if (address.passwordFile !== undefined && address.username === undefined)
    context.addIssue({
      code: 'custom',
      path: ['camera', 'rtsp', 'username'],
      message: 'wanted the account that camera.rtsp.passwordFile is for',
      input: undefined,
    })
}
