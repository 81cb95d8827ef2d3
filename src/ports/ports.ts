import type { Log } from '../base/log.ts'
import type { Audio } from './audio.ts'
import type { Board } from './board.ts'
import type { Broker } from './broker.ts'
import type { Camera } from './camera.ts'
import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
import type { Gpio } from './gpio.ts'
import type { HttpCaller } from './http-caller.ts'
import type { ObjectStore } from './object-store.ts'
import type { Peers } from './peers.ts'
import type { ProgramRunner } from './program-runner.ts'
import type { Random } from './random.ts'
import type { Records } from './records.ts'
import type { Reencoder } from './reencoder.ts'
import type { Stills } from './stills.ts'
import type { TcpServer } from './tcp-server.ts'
import type { Vision } from './vision.ts'

/** Everything the doorbell needs from the outside. Commands and the simulator choose who fulfils it. */
export type Ports = {
  readonly clock: Clock
  readonly random: Random
  readonly gpio: Gpio
  readonly camera: Camera
  readonly stills: Stills
  readonly disk: Disk
  readonly records: Records
  /** Absent when no cloud is configured: clips stay on the device. */
  readonly store?: ObjectStore
  /** Absent when no broker is configured. */
  readonly broker?: Broker
  /** Absent where nobody is to be recognised. */
  readonly vision?: Vision | undefined
  /** Absent where nobody knows how the board is. */
  readonly board?: Board
  /** Absent: nothing is heard or said at the door, and the chime has no sound. */
  readonly audio?: Audio | undefined
  /** Absent: nobody watches by WebRTC. */
  readonly peers?: Peers | undefined
  /** Absent: nothing for browsers that can show nothing but MPEG-1. */
  readonly reencoder?: Reencoder | undefined
  /** Absent: no RTSP. `password` is what its clients have to know. */
  readonly rtsp?: { readonly server: TcpServer; readonly password: string } | undefined
  /** Both absent: the owner's actions are not done, because it is only a video that is played. */
  readonly http?: HttpCaller | undefined
  readonly programs?: ProgramRunner | undefined
  readonly log: Log
}
