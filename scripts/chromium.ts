/** The browser that end-to-end tests and benchmarks look with: Debian's Chromium, which `scripts/setup --if-possible chromium` installs. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const PROGRAM = '/usr/bin/chromium'

/**
 * One list for all, so that no test sees another browser than its neighbour. `--no-sandbox`: in a container as root there is none to be had.
 * `--allow-loopback-in-peer-connection`: camera and page are on one machine. The others keep it from the network and from asking.
 */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
]

export const hasChromium = (): boolean => existsSync(PROGRAM)

/** Waits as long as it takes: the patience of whoever calls is the only one. `flags` are added to those that all share. */
export const launchChromium = (flags: readonly string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: PROGRAM, args: [...FLAGS, ...flags], timeout: 0 })
