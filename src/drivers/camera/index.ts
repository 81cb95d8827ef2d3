export type { Account } from './digest.ts'
export { noCamera } from './none.ts'
export { createRtspCamera, type RtspCameraOptions } from './rtsp.ts'
