/**
 * Capture: camera → packets → preroll, and small pictures for whoever looks for movement.
 *
 * Owns: the camera session and the preroll.
 * Promises: packets are handed on in decoding order and untouched, one at a time; `onRun` before the first packet of a run, `onRunEnd` after the last.
 * When full: the preroll drops whole groups of pictures, oldest first (`prerollMs`, `prerollBytesMax`). A slow taker slows the camera's driver down, which decides what is lost.
 * When it fails: a camera that breaks or goes away is opened again and again, with growing pauses; one that can never work is given up. Without pictures the packets go on.
 * Stopping: `run` ends when its signal is aborted, after the camera is closed. That is no end of a run to anybody: who records is stopped himself.
 * Not its job: clips (`clips/`), motion (`detect/`), decoding (a driver).
 * See: `preroll.ts`; `../doorbell.ts` joins it with the recorder.
 */
export { createCapture, type Capture, type CaptureDeps } from './capture.ts'
export { Preroll, type PrerollRules } from './preroll.ts'
