// An operator who changes the voters of the metadata quorum under load: a fourth controller joins, somebody
// else leaves, and whoever has left as a controller alone comes back with another disk. There are three
// or four voters, as far as the operator knows.

import {
  addVoter,
  type Cluster,
  describeQuorum,
  type QuorumReplica,
  removeVoter,
} from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { type ClusterWorld, CONTROLLER_PORT, type Machine } from './cluster-world.ts'

const FEWEST_VOTERS = 3

export class VoterChanging {
  readonly #world: ClusterWorld
  readonly #cluster: Cluster
  /** Directories that were removed, or may have been: they do not come back. */
  readonly #removed = new Set<string>()
  #isChanging = false
  /** Who is to vote no more: asked for again until that is answered. */
  #leaving: QuorumReplica | null = null

  constructor(world: ClusterWorld, cluster: Cluster) {
    this.#world = world
    this.#cluster = cluster
  }

  /** One change, if there is one to make. Throws what the client throws. */
  async change(): Promise<void> {
    if (this.#isChanging) return
    this.#isChanging = true
    try {
      await this.#change()
    } finally {
      this.#isChanging = false
    }
  }

  async #change(): Promise<void> {
    const { random } = this.#world
    const { replicas } = await describeQuorum(this.#cluster, { isTriedOnce: true })
    const voters = replicas.filter(({ role }) => role !== 'observer')
    if (this.#leaving === null && voters.length > FEWEST_VOTERS)
      this.#leaving = voters[random.below(voters.length)] ?? null
    if (this.#leaving !== null) {
      await this.#remove(this.#leaving)
      this.#leaving = null
      return
    }
    const joining = replicas.find(each => this.#mayJoin(each))
    if (joining !== undefined) await this.#add(joining)
  }

  #mayJoin({ role, nodeId, directoryId }: QuorumReplica): boolean {
    const isKnown = directoryId !== null && !this.#removed.has(directoryId)
    return role === 'observer' && isKnown && this.#machine(nodeId)?.isController === true
  }

  async #add({ nodeId, directoryId }: QuorumReplica): Promise<void> {
    const host = this.#machine(nodeId)?.name ?? ''
    this.#world.note(`operator: ${host} is to vote`)
    await addVoter(this.#cluster, null, {
      nodeId,
      directoryId: directoryId ?? '',
      listeners: [{ name: 'CONTROLLER', host, port: CONTROLLER_PORT }],
    })
    this.#world.note(`operator: ${host} votes`)
  }

  async #remove({ nodeId, directoryId }: QuorumReplica): Promise<void> {
    this.#world.note(`operator: ${nodeId} is to vote no more`)
    if (directoryId !== null) this.#removed.add(directoryId)
    try {
      await removeVoter(this.#cluster, null, { nodeId, directoryId: directoryId ?? '' })
    } catch (error) {
      // An earlier try was in force before it could be answered.
      const isGone = error instanceof KafkaError && error.errorName === 'VOTER_NOT_FOUND'
      if (!isGone) throw error
    }
    this.#world.note(`operator: ${nodeId} votes no more`)
    const machine = this.#machine(nodeId)
    if (machine !== undefined && !machine.isBroker) this.#world.replaceDisk(machine)
  }

  #machine(nodeId: number): Machine | undefined {
    return this.#world.machines.find(({ id }) => id === nodeId)
  }
}
