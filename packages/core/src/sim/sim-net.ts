// The network between simulated machines. A machine's name is its host name; 127.0.0.1, localhost,
// ::1 and wildcard addresses mean the machine itself. Bytes of a connection arrive in order, cut
// into pieces by the seed. A cut link holds what is sent (as retransmission does) until it heals.

import type { ConnectOptions, Listener, ListenOptions, Net, Socket } from '../env.ts'
import { NetError } from '../errors.ts'
import type { Life, Schedule } from './schedule.ts'
import type { SimRandom } from './sim-random.ts'
import { SimSocket } from './sim-socket.ts'

const LOCAL_HOSTS = new Set(['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::', ''])
const FIRST_FREE_PORT = 32_768

interface Listening {
  readonly life: Life
  readonly host: string
  readonly onSocket: (socket: Socket) => void
}

export interface NetFaults {
  /** One way, virtual milliseconds. */
  minLatencyMs: number
  maxLatencyMs: number
  /** Chance that a chunk is delivered in pieces. */
  splitChance: number
}

export const NO_NET_FAULTS: Readonly<NetFaults> = {
  minLatencyMs: 0.05,
  maxLatencyMs: 0.5,
  splitChance: 0.2,
}

/** Whether a machine answers at all, and the process that runs on it. */
export interface MachinePower {
  readonly isOn: boolean
  readonly life: Life | null
}

interface Delivery {
  readonly to: Life
  readonly label: string
  readonly run: () => void
}

/** The wires, shared by all machines; a test cuts them here. */
export class SimNetwork {
  readonly schedule: Schedule
  readonly random: SimRandom
  readonly faults: NetFaults
  readonly sockets = new Set<SimSocket>()
  readonly #listeners = new Map<string, Listening>()
  readonly #cut = new Map<string, Delivery[]>()
  readonly #power: (machine: string) => MachinePower
  #nextPort = FIRST_FREE_PORT

  constructor(
    schedule: Schedule,
    random: SimRandom,
    faults: NetFaults,
    power: (machine: string) => MachinePower,
  ) {
    this.schedule = schedule
    this.random = random
    this.faults = { ...faults }
    this.#power = power
  }

  /** Nothing gets from one machine to the other any more; the way back stays open. */
  cutOneWay(from: string, to: string): void {
    const key = linkKey(from, to)
    if (!this.#cut.has(key)) this.#cut.set(key, [])
  }

  cut(a: string, b: string): void {
    this.cutOneWay(a, b)
    this.cutOneWay(b, a)
  }

  /** Mends one link; what was held arrives now. */
  heal(a: string, b: string): void {
    for (const key of [linkKey(a, b), linkKey(b, a)]) {
      const held = this.#cut.get(key) ?? []
      this.#cut.delete(key)
      for (const { to, label, run } of held) {
        this.schedule.add(to, this.faults.minLatencyMs, label, run)
      }
    }
  }

  healAll(): void {
    for (const key of [...this.#cut.keys()]) {
      const [a = '', b = ''] = key.split('\n')
      this.heal(a, b)
    }
  }

  /** Resets every connection between two machines, as a fire wall that lost its state does. */
  reset(a: string, b: string): void {
    for (const socket of [...this.sockets]) {
      const ends = [socket.life.machine, socket.peerMachine]
      if (ends.includes(a) && ends.includes(b)) socket.reset('connection reset')
    }
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(linkKey(from, to))
  }

  latencyMs(): number {
    return this.random.between(this.faults.minLatencyMs, this.faults.maxLatencyMs)
  }

  /** The process that runs on a machine now. */
  lifeOn(machine: string): Life | null {
    return this.#power(machine).life
  }

  /** Delivers something over a link; a cut link holds it, in order. */
  deliver(from: string, delayMs: number, delivery: Delivery): void {
    this.schedule.add(delivery.to, delayMs, delivery.label, () => {
      const held = this.#cut.get(linkKey(from, delivery.to.machine))
      if (held === undefined) delivery.run()
      else held.push(delivery)
    })
  }

  listen(life: Life, options: ListenOptions, onSocket: (socket: Socket) => void): Listener {
    const port = options.port === 0 ? this.#nextPort++ : options.port
    const key = `${life.machine}:${port}`
    if (this.#listeners.get(key)?.life.isAlive === true) {
      throw new NetError('EADDRINUSE', `port ${port} is in use`)
    }
    const entry = { life, host: options.host, onSocket }
    this.#listeners.set(key, entry)
    return {
      host: options.host,
      port,
      close: () => {
        if (this.#listeners.get(key) === entry) this.#listeners.delete(key)
        return Promise.resolve()
      },
    }
  }

  connect(life: Life, options: ConnectOptions): Promise<Socket> {
    const machine = LOCAL_HOSTS.has(options.host) ? life.machine : options.host
    const where = `${options.host}:${options.port}`
    return new Promise((resolve, reject) => {
      let isDone = false
      const timeout = this.schedule.add(life, options.timeoutMs, 'connect-timeout', () => {
        isDone = true
        reject(new NetError('ETIMEDOUT', `no answer from ${where} in ${options.timeoutMs} ms`))
      })
      const answer = (settle: () => void) => {
        if (isDone) return
        isDone = true
        this.schedule.cancel(timeout)
        settle()
      }
      const refuse = () => {
        const refusal = new NetError('ECONNREFUSED', `nothing listens at ${where}`)
        const run = () => answer(() => reject(refusal))
        this.deliver(machine, this.latencyMs(), { to: life, label: 'refused', run })
      }
      const { isOn, life: target } = this.#power(machine)
      if (target === null) {
        // A machine that is off does not answer; one whose process died does.
        if (isOn) refuse()
        return
      }
      const arrive = () => {
        const listening = this.#listeners.get(`${machine}:${options.port}`)
        if (listening === undefined || listening.life !== target || isDone) {
          refuse()
          return
        }
        const [near, far] = this.#pair(life, target, options)
        const connected = () => {
          if (isDone) near.destroy()
          else answer(() => resolve(near))
        }
        const delivery = { to: life, label: 'connected', run: connected }
        this.deliver(machine, this.latencyMs(), delivery)
        listening.onSocket(far)
        far.assertStarted()
      }
      const delivery = { to: target, label: 'connect', run: arrive }
      this.deliver(life.machine, this.latencyMs(), delivery)
    })
  }

  #pair(near: Life, far: Life, options: ConnectOptions): [SimSocket, SimSocket] {
    const port = this.#nextPort++
    const isLocal = near.machine === far.machine
    const nearAddress = isLocal ? '127.0.0.1' : near.machine
    const farAddress = isLocal ? '127.0.0.1' : far.machine
    const nearSocket = new SimSocket(this, near, {
      localAddress: nearAddress,
      localPort: port,
      remoteAddress: farAddress,
      remotePort: options.port,
    })
    const farSocket = new SimSocket(this, far, {
      localAddress: farAddress,
      localPort: options.port,
      remoteAddress: nearAddress,
      remotePort: port,
    })
    nearSocket.connectTo(farSocket)
    farSocket.connectTo(nearSocket)
    return [nearSocket, farSocket]
  }
}

/** The `Net` of one life of a machine. */
export class SimNet implements Net {
  readonly #network: SimNetwork
  readonly #life: Life

  constructor(network: SimNetwork, life: Life) {
    this.#network = network
    this.#life = life
  }

  listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    return new Promise(resolve => resolve(this.#network.listen(this.#life, options, onSocket)))
  }

  connect(options: ConnectOptions): Promise<Socket> {
    return this.#network.connect(this.#life, options)
  }
}

function linkKey(from: string, to: string): string {
  return `${from}\n${to}`
}
