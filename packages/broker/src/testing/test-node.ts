// For tests only: a whole node on a simulated machine, and clients of it.

import type { Env } from '@weir/core'
import { Simulation, type SimulationOptions } from '@weir/core/sim'
import { loadSettings } from '@weir/settings'
import { WeirNode } from '../weir-node.ts'
import { WireClient } from './wire-client.ts'

export const DATA_DIRECTORY = '/data'
const PORT = 9092

export class TestNode {
  readonly sim: Simulation
  readonly machine: string
  readonly fatal: Error[] = []
  readonly #assignments: readonly string[]
  #node: WeirNode | null = null

  private constructor(sim: Simulation, machine: string, assignments: readonly string[]) {
    this.sim = sim
    this.machine = machine
    this.#assignments = assignments
  }

  /** Settings as KEY=VALUE. */
  static async start(
    assignments: readonly string[] = [],
    options: Partial<SimulationOptions> & { readonly sim?: Simulation; machine?: string } = {},
  ): Promise<TestNode> {
    const { sim = new Simulation({ seed: 1, ...options }), machine = 'node' } = options
    const test = new TestNode(sim, machine, assignments)
    await test.start()
    return test
  }

  get env(): Env {
    return this.sim.env(this.machine)
  }

  get node(): WeirNode {
    if (this.#node === null) throw new Error('the node is not running')
    return this.#node
  }

  /** Starts it (again); more settings than those of the construction may be given. */
  async start(more: readonly string[] = []): Promise<void> {
    const { settings } = loadSettings({
      assignments: [
        `listeners=PLAINTEXT://${this.machine}:${PORT}`,
        `log.dirs=${DATA_DIRECTORY}`,
        'group.initial.rebalance.delay.ms=0',
        ...this.#assignments,
        ...more,
      ],
    })
    const onFatal = (error: Error) => this.fatal.push(error)
    const options = { settings, hostName: this.machine, onFatal }
    this.#node = await this.sim.complete(WeirNode.start(this.env, options))
  }

  async stop(): Promise<void> {
    await this.sim.complete(this.node.stop())
    this.#node = null
  }

  /** Power failure; `start` brings it back. */
  crash(): void {
    this.#node = null
    this.sim.crash(this.machine)
  }

  connect(machine = 'client'): Promise<WireClient> {
    const connecting = WireClient.connect(this.sim.env(machine), this.machine, PORT)
    return this.sim.complete(connecting)
  }

  /** Runs the simulation until the promise is settled. */
  complete<T>(promise: Promise<T>): Promise<T> {
    return this.sim.complete(promise)
  }
}
