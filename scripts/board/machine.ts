/** The emulated board while it runs: its console, a shell on it, its lines, and its plug. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Boot } from './disk.ts'

/** A change of an output line, as the emulator saw it. */
export type OutputChange = { readonly line: number; readonly level: 0 | 1; readonly atMs: number }

const MACHINE = ['-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '1024', '-accel', 'tcg,thread=multi']
const SHELL_MS_MAX = 120_000

export class Machine {
  readonly outputs: OutputChange[] = []
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #wires: Socket | undefined
  #replies: ((line: string) => void)[] = []
  #shell: Shell | undefined
  #chip = ''

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder
    this.#child = child
    this.#exited = once(child, 'exit')
  }

  /** Plugs it in. */
  static async start(boot: Boot, disk: string): Promise<Machine> {
    const folder = await mkdtemp(path.join(tmpdir(), 'lintel-machine-'))
    const place = (name: string): string => path.join(folder, name)
    const child = spawn(
      'qemu-system-aarch64',
      [
        ...MACHINE,
        ...['-display', 'none', '-nodefaults', '-no-reboot', '-serial', `file:${place('console')}`],
        ...['-qmp', `unix:${place('qmp')},server,nowait`],
        ...['-qtest', `unix:${place('qtest')},server,nowait`, '-qtest-log', 'none'],
        ...[
          '-drive',
          `file=${disk},format=raw,if=none,id=disk,cache=writeback`,
          '-device',
          'virtio-blk-pci,drive=disk',
        ],
        ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
        ...[
          '-device',
          'virtio-serial-pci',
          '-chardev',
          `socket,id=shell,path=${place('shell')},server=on,wait=off`,
        ],
        ...['-device', 'virtconsole,chardev=shell'],
        ...['-kernel', boot.kernel, '-initrd', boot.initrd],
        ...['-append', 'console=ttyAMA0 root=/dev/vda quiet panic=-1 systemd.show_status=false loglevel=4'],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const machine = new Machine(folder, child)
    await machine.#connect()
    return machine
  }

  async #connect(): Promise<void> {
    this.#shell = new Shell(await reach(path.join(this.#folder, 'shell')))
    this.#chip = await findChip(await reach(path.join(this.#folder, 'qmp')))
    this.#wires = await reach(path.join(this.#folder, 'qtest'))
    createInterface({ input: this.#wires }).on('line', (line) => this.#hear(line))
    await this.#tell(`irq_intercept_out ${this.#chip}`)
  }

  #hear(line: string): void {
    const [, how, number] = /^IRQ (raise|lower) (\d+)$/.exec(line) ?? []
    if (how === undefined) this.#replies.shift()?.(line)
    else this.outputs.push({ line: Number(number), level: how === 'raise' ? 1 : 0, atMs: performance.now() })
  }

  async #tell(command: string): Promise<void> {
    const reply = new Promise<string>((resolve) => this.#replies.push(resolve))
    this.#wires?.write(`${command}\n`)
    const said = await reply
    if (!said.startsWith('OK')) throw new Error(`board: “${command}” was answered “${said}”`)
  }

  /** Puts a voltage on an input; when it was there, by this machine's clock. */
  async drive(line: number, level: 0 | 1): Promise<number> {
    await this.#tell(`set_irq_in ${this.#chip} unnamed-gpio-in ${line} ${level}`)
    return performance.now()
  }

  /** What a command typed at the board says; its exit code must be 0. */
  async type(command: string, options: { readonly anyCode?: true } = {}): Promise<string> {
    if (this.#shell === undefined) throw new Error('board: it is not plugged in')
    const { code, text } = await this.#shell.run(command)
    if (code !== 0 && options.anyCode === undefined)
      throw new Error(`board: “${command}” ended with ${code}: ${text.slice(-1500)}`)
    return text
  }

  console(): Promise<string> {
    return readFile(path.join(this.#folder, 'console'), 'utf8')
  }

  get isOn(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The plug is pulled: what the board had not made its disk keep is gone. */
  async pullPlug(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function reach(place: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = connect(place)
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    if (isThere) return socket
    if (tries > 200) throw new Error(`board: the emulator does not open ${path.basename(place)}`)
    await sleep(50)
  }
}

const Objects = z.object({ return: z.array(z.object({ name: z.string(), type: z.string() })) })

async function findChip(socket: Socket): Promise<string> {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  await lines.next() // Its greeting.
  const ask = async (request: object): Promise<unknown> => {
    socket.write(`${JSON.stringify(request)}\n`)
    return JSON.parse(String((await lines.next()).value))
  }
  await ask({ execute: 'qmp_capabilities' })
  const parent = '/machine/unattached'
  const found = Objects.parse(await ask({ execute: 'qom-list', arguments: { path: parent } }))
  const chip = found.return.find(({ type }) => type.includes('pl061'))
  if (chip === undefined) throw new Error('board: this emulator’s board has no PL061')
  return `${parent}/${chip.name}`
}

/** One command after another; each is closed by a line that no command prints. */
class Shell {
  readonly #socket: Socket
  readonly #lines: Interface
  #count = 0

  constructor(socket: Socket) {
    this.#socket = socket
    this.#lines = createInterface({ input: socket })
  }

  async run(command: string): Promise<{ readonly code: number; readonly text: string }> {
    const mark = `=ended-${++this.#count}=`
    const heard: string[] = []
    const ended = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lines.off('line', hear)
        reject(
          new Error(
            `board: “${command}” took over ${SHELL_MS_MAX / 1000} s; it had said: ${heard.join('\n').slice(-500)}`,
          ),
        )
      }, SHELL_MS_MAX)
      const hear = (raw: string): void => {
        const line = raw.replace(/\r/g, '')
        const code = line.startsWith(mark) ? Number(line.slice(mark.length)) : undefined
        if (code === undefined) heard.push(line)
        else {
          clearTimeout(timer)
          this.#lines.off('line', hear)
          resolve(code)
        }
      }
      this.#lines.on('line', hear)
    })
    // The terminal must not echo, or what is typed would be read as what was said; the mark is put together only by the shell.
    this.#socket.write(`stty -echo; { ${command}\n} 2>&1; printf '=ended-%s=%s\\n' ${this.#count} $?\n`)
    const code = await ended
    return { code, text: heard.filter((line) => !line.includes('stty -echo')).join('\n') }
  }
}
