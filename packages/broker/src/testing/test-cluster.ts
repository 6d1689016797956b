// For tests only: nodes of one cluster on simulated machines, and clients of them.

import { Simulation, type SimulationOptions } from '@weir/core/sim'
import { loadSettings } from '@weir/settings'
import { WeirNode } from '../weir-node.ts'
import { WireClient } from './wire-client.ts'

const PORT = 9092
const CONTROLLER_PORT = 9093

export interface TestClusterOptions extends Partial<SimulationOptions> {
  /** Node ids of controllers that are brokers, too. */
  readonly combined?: readonly number[]
  readonly controllers?: readonly number[]
  readonly brokers?: readonly number[]
  /** Settings of all nodes, as KEY=VALUE. */
  readonly assignments?: readonly string[]
}

export class TestCluster {
  readonly sim: Simulation
  readonly nodes = new Map<number, WeirNode>()
  /** Ids of nodes that said that they cannot go on. */
  readonly fatal: { readonly nodeId: number; readonly error: Error }[] = []
  readonly #options: TestClusterOptions
  #clients = 0

  private constructor(options: TestClusterOptions) {
    this.#options = options
    this.sim = new Simulation({ seed: 1, ...options })
  }

  /** All nodes at once, as they wait for each other. */
  static async start(options: TestClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options)
    await cluster.startAll(cluster.ids)
    return cluster
  }

  get ids(): number[] {
    const { combined = [], controllers = [], brokers = [] } = this.#options
    return [...combined, ...controllers, ...brokers]
  }

  async startAll(ids: readonly number[]): Promise<void> {
    await this.sim.complete(Promise.all(ids.map(id => this.starting(id))))
  }

  /** Starts a node (again) without running the simulation; on the machine of that name. */
  async starting(id: number, more: readonly string[] = [], name = `n${id}`): Promise<WeirNode> {
    const { settings } = loadSettings({
      assignments: [
        `node.id=${id}`,
        `process.roles=${this.#roles(id)}`,
        `listeners=PLAINTEXT://${name}:${PORT},CONTROLLER://${name}:${CONTROLLER_PORT}`,
        `controller.quorum.voters=${this.voters.join()}`,
        'log.dirs=/data',
        'group.initial.rebalance.delay.ms=0',
        ...(this.#options.assignments ?? []),
        ...more,
      ],
    })
    const onFatal = (error: Error) => {
      this.fatal.push({ nodeId: id, error })
    }
    const node = await WeirNode.start(this.sim.env(name), { settings, hostName: name, onFatal })
    this.nodes.set(id, node)
    return node
  }

  get voters(): string[] {
    const { combined = [], controllers = [] } = this.#options
    return [...combined, ...controllers].map(id => `${id}@n${id}:${CONTROLLER_PORT}`)
  }

  #roles(id: number): string {
    if (this.#options.controllers?.includes(id) === true) return 'controller'
    return this.#options.brokers?.includes(id) === true ? 'broker' : 'broker,controller'
  }

  get(id: number): WeirNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`node ${id} is not running`)
    return node
  }

  /** Kill -9. */
  kill(id: number): void {
    this.nodes.delete(id)
    this.sim.kill(`n${id}`)
  }

  async stop(id: number): Promise<void> {
    const node = this.get(id)
    this.nodes.delete(id)
    await this.sim.complete(node.stop())
  }

  /** The node that decides; waits until there is one. */
  async controller(limitMs = 10_000): Promise<WeirNode> {
    const active = () =>
      [...this.nodes.values()].find(node => node.controlServices.controller.isActive)
    await this.sim.run(() => active() !== undefined, limitMs)
    const node = active()
    if (node === undefined) throw new Error('no active controller')
    return node
  }

  /** A client of one broker, on a machine of its own. */
  connect(id: number): Promise<WireClient> {
    const env = this.sim.env(`client-${++this.#clients}`)
    return this.sim.complete(WireClient.connect(env, `n${id}`, PORT))
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return this.sim.complete(promise)
  }
}
