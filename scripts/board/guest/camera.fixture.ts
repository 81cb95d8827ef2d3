/** The contract of a camera on the kernel's test camera (`vivid`), by the driver for USB cameras and the ffmpeg of the board. */
import { silentLog } from '../../../src/base/log.ts'
import { createV4l2Camera } from '../../../src/drivers/camera/index.ts'
import { nodeClock as clock } from '../../../src/drivers/node-clock.ts'
import { describeCameraContract } from '../../../src/ports/camera.contract.ts'

describeCameraContract('a V4L2 camera of a real kernel', async () => ({
  camera: createV4l2Camera({
    ...{ clock, log: silentLog, device: '/dev/video0', format: 'auto', encoder: 'software' },
    // Small and slow, as every instruction is emulated.
    pictures: {
      width: 320,
      height: 180,
      framesPerS: 5,
      quality: 24,
      kbitsMax: 2000,
      rotation: 0,
      hidden: [],
    },
  }),
  drive: (work) => work,
  async [Symbol.asyncDispose]() {},
}))
