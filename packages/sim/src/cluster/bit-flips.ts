// Bits that flip on the disk of a broker while its process is down: in its logs, and in what it keeps beside
// them. At most one broker of a run has such a disk, as then all that it holds is elsewhere, too (D2).
//
// At the end every replica is read from its start to its end, as only a read tells what a clean start
// trusts. Nobody may see a wrong byte then; a leader whose log has a hole hands over, as an operator would
// have it do, and gets what it misses from the others.

import { errorMessage } from '@weir/core'
import type { SimRandom } from '@weir/core/sim'
import { batchSizeInBytes, verifyBatchCrc } from '@weir/protocol'
import type { ClusterWorld, Machine } from './cluster-world.ts'
import type { LossRule } from './loss-rule.ts'
import type { Operator } from './operator.ts'

const MAX_FLIPS = 3
const IN_LOG_CHANCE = 0.7
const READ_BYTES = 65_536

type BrokerNode = NonNullable<Machine['node']>
type Partition = ReturnType<BrokerNode['services']['replicaManager']['getPartition']> & object

/** Stops the broker in one way or another, and flips bits of its disk before it starts again. */
export function flipBits(world: ClusterWorld, lossRule: LossRule, machine: Machine): void {
  const { random } = world
  const isOther = world.machines.some(other => other.isDamaged && other !== machine)
  if (isOther || !machine.isBroker || machine.node === null || machine.isStopping) return
  if (!lossRule.mayEnd(machine) || !lossRule.tryToLose(machine)) return
  machine.isDamaged = true
  machine.beforeStart = () => {
    for (let count = 1 + random.below(MAX_FLIPS); count > 0; count--)
      flipOne(world, machine, random)
  }
  if (random.chance(0.5)) world.shutDown(machine)
  else world.end(machine, random.chance(0.5) ? 'kill' : 'crash')
}

function flipOne(world: ClusterWorld, machine: Machine, random: SimRandom): void {
  const disk = world.sim.disk(machine.name)
  const isWanted = random.chance(IN_LOG_CHANCE)
    ? (path: string) => path.endsWith('.log')
    : (path: string) => !path.endsWith('.log')
  const paths = disk
    .paths()
    .filter(path => isOfPartition(path) && isWanted(path) && disk.contents(path)?.length !== 0)
  const path = paths[random.below(Math.max(1, paths.length))]
  if (path === undefined) return
  const bitIndex = random.below((disk.contents(path)?.length ?? 0) * 8)
  world.note(`a bit of ${machine.name} flips: ${bitIndex} of ${path}`)
  disk.flipBit(path, bitIndex)
}

/** What a node keeps for the quorum, and who it is, are not for this (docs/raft.md). */
function isOfPartition(path: string): boolean {
  return !path.startsWith('/data/metadata/') && path !== '/data/meta.properties'
}

/** Reads all replicas again and again, until none has any damage. */
export class Scrubbing {
  readonly #world: ClusterWorld
  readonly #operator: Operator
  #isRunning = false
  #found: string | null = 'not all replicas were read'

  constructor(world: ClusterWorld, operator: Operator) {
    this.#world = world
    this.#operator = operator
  }

  /** Null once all was read and nothing is damaged; else what is. */
  get missing(): string | null {
    if (!this.#world.machines.some(({ isDamaged }) => isDamaged)) return null
    if (this.#found !== null && !this.#isRunning) void this.#run()
    return this.#found
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      this.#found = await this.#readAll()
    } catch (error) {
      this.#world.note(`reading all replicas: ${errorMessage(error)}`)
    }
    this.#isRunning = false
  }

  async #readAll(): Promise<string | null> {
    let found: string | null = null
    for (const machine of this.#world.brokers) {
      if (machine.node === null || machine.isStopping) return `${machine.name} is not up`
      for (const partition of machine.node.services.replicaManager.partitions()) {
        await this.#read(machine, partition)
        if (partition.log.damagedRanges().length === 0) continue
        found = `${partition.topic}-${partition.partitionIndex} of ${machine.name} is damaged`
        if (partition.isLeader) await this.#handOver(partition)
      }
    }
    return found
  }

  async #read(machine: Machine, partition: Partition): Promise<void> {
    const { log, topic, partitionIndex } = partition
    let fetchOffset = log.logStartOffset
    while (fetchOffset < log.writtenEndOffset) {
      const request = { fetchOffset, maxBytes: READ_BYTES, minOneBatch: true }
      const outcome = await partition.read({ ...request, view: 'replica' })
      if (outcome.kind === 'failed') {
        const hole = log
          .damagedRanges()
          .find(range => range.fromOffset <= fetchOffset && fetchOffset < range.toOffset)
        if (hole === undefined) return
        fetchOffset = hole.toOffset
        continue
      }
      const bytes = Buffer.concat(outcome.chunks)
      for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at))
        if (!verifyBatchCrc(bytes, at))
          this.#world.fail(
            `${machine.name} serves wrong bytes of ${topic}-${partitionIndex}/${fetchOffset}`,
          )
      if (outcome.endOffset <= fetchOffset) return
      fetchOffset = outcome.endOffset
      outcome.release()
    }
  }

  async #handOver({ topic, partitionIndex }: Partition): Promise<void> {
    const image = this.#world.metadata()?.topic(topic)?.partitions[partitionIndex]
    const next = image?.isr.find(id => id !== image.leader)
    if (image === undefined || next === undefined) return
    this.#world.note(`operator: ${topic}-${partitionIndex} goes to ${next}`)
    await this.#operator.lead({ topic, partition: partitionIndex }, image.replicas, next)
  }
}
