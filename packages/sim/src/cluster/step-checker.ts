// What must hold at every moment, seen from above, as no node sees it:
//
//   one leader per leader epoch; epochs never go back; LSO <= high watermark <= log end; a leader, and
//   every member of the ISR, has everything that was ever committed, and tells no end below it; equal
//   metadata at equal offsets; the ISR and the ELR make sense; who stops in order leads nothing.

import { encodeMetadataBatch, type MetadataImage, type PartitionImage } from '@weir/controller'
import { hashText } from '@weir/core/sim'
import type { ClusterWorld, Machine } from './cluster-world.ts'

type BrokerNode = NonNullable<Machine['node']>
type Partition = ReturnType<BrokerNode['services']['replicaManager']['getPartition']> & object

/** What is known of a partition over the whole run, by topic id and index. */
interface Known {
  readonly leaders: Map<number, string>
  highestEpoch: number
  /** All below it was committed at some time. */
  committedEndOffset: number
}

interface Seen {
  life: number
  metadataOffset: number
  readonly epochs: Map<string, number>
}

export class StepChecker {
  readonly #world: ClusterWorld
  readonly #known = new Map<string, Known>()
  readonly #seen = new Map<number, Seen>()
  readonly #images = new Map<number, { readonly hash: number; readonly machine: string }>()
  readonly #noted = new Map<string, string>()
  /** Which life of a broker was seen to stop as a leader, at the last look. */
  readonly #stillLeads = new Map<number, number>()
  #newest: { readonly offset: number; readonly image: MetadataImage } | null = null

  constructor(world: ClusterWorld) {
    this.#world = world
  }

  /** The metadata of the node that knows most. */
  get image(): MetadataImage | null {
    return this.#newest?.image ?? null
  }

  check(): void {
    const running = this.#world.running
    for (const machine of running) this.#checkMetadata(machine)
    for (const machine of running) if (machine.isBroker) this.#checkReplicas(machine)
    for (const machine of running) if (machine.isBroker) this.#checkLeaders(machine)
    for (const machine of running)
      if (machine.isStopping && machine.isBroker) this.#checkStopping(machine)
  }

  /** Its leaders are moved before it closes its logs (R15); a moment later the news has to be here, too. */
  #checkStopping(machine: Machine): void {
    const { node, id, life } = machine
    const isOpen = node === null || !node.services.replicaManager.partitions().next().done
    if (isOpen || !machine.hasSuccessors || this.#world.hasSaid(machine.name, 'did not release'))
      return
    const led = [...(this.image?.topics ?? [])].flatMap(({ name, partitions }) =>
      partitions
        .filter(({ leader }) => leader === id)
        .map(each => `${name}-${each.partitionIndex}`),
    )
    if (led.length === 0) this.#stillLeads.delete(id)
    else if (this.#stillLeads.get(id) !== life) this.#stillLeads.set(id, life)
    else this.#world.fail(`${machine.name} stops in order and still leads ${led}`)
  }

  #checkMetadata(machine: Machine): void {
    const { node } = machine
    if (node === null) return
    const seen = this.#seenOf(machine)
    const offset = node.controlServices.metadataOffset()
    if (offset < seen.metadataOffset)
      this.#world.fail(
        `the metadata of ${machine.name} went back from ${seen.metadataOffset} to ${offset}`,
      )
    if (offset === seen.metadataOffset) return
    seen.metadataOffset = offset
    const image = node.controlServices.metadata
    if (offset >= (this.#newest?.offset ?? -1)) {
      this.#newest = { offset, image }
      this.#noteChanges(image)
    }
    const hash = hashOf(image)
    const other = this.#images.get(offset)
    if (other === undefined) this.#images.set(offset, { hash, machine: machine.name })
    else if (other.hash !== hash)
      this.#world.fail(`${machine.name} and ${other.machine} have other metadata at ${offset}`)
    for (const topic of image.topics)
      for (const partition of topic.partitions) this.#checkImage(topic.name, partition)
  }

  #noteChanges(image: MetadataImage): void {
    for (const { name, partitions } of image.topics)
      for (const { topicId, partitionIndex, partitionEpoch, ...partition } of partitions) {
        const { leader, leaderEpoch, isr, elr, replicas } = partition
        const text = `leader ${leader} epoch ${leaderEpoch} isr ${isr} elr ${elr} of ${replicas}`
        const key = `${topicId}/${partitionIndex}`
        if (this.#noted.get(key) === text) continue
        this.#noted.set(key, text)
        this.#world.note(`${name}-${partitionIndex}: ${text}`)
      }
  }

  #checkImage(topic: string, image: PartitionImage): void {
    const { replicas, isr, elr, lastKnownElr, leader, partitionIndex } = image
    const problem = (what: string) =>
      this.#world.fail(
        `${topic}-${partitionIndex}: ${what} (replicas ${replicas}, isr ${isr}, elr ${elr}, leader ${leader})`,
      )
    if (!isr.every(id => replicas.includes(id))) problem('ISR beyond the replicas')
    if (!elr.every(id => replicas.includes(id))) problem('ELR beyond the replicas')
    if (elr.some(id => isr.includes(id))) problem('in ISR and in ELR')
    if (leader >= 0 && !isr.includes(leader)) problem('the leader is not in sync')
    if (isr.length + elr.length + lastKnownElr.length === 0) problem('nobody may lead any more')
  }

  #checkReplicas(machine: Machine): void {
    const seen = this.#seenOf(machine)
    for (const partition of partitionsOn(machine)) {
      const { log, leaderEpoch } = partition
      const key = keyOf(partition)
      const name = `${partition.topic}-${partition.partitionIndex} on ${machine.name}`
      if (log.highWatermark > log.logEndOffset)
        this.#world.fail(
          `${name}: high watermark ${log.highWatermark} beyond the end ${log.logEndOffset}`,
        )
      if (log.lastStableOffset > log.highWatermark)
        this.#world.fail(
          `${name}: last stable offset ${log.lastStableOffset} beyond ${log.highWatermark}`,
        )
      const before = seen.epochs.get(key) ?? -1
      if (leaderEpoch < before)
        this.#world.fail(`${name}: leader epoch ${leaderEpoch} after ${before}`)
      seen.epochs.set(key, leaderEpoch)
      const known = this.#knownOf(key)
      known.highestEpoch = Math.max(known.highestEpoch, leaderEpoch)
      if (!partition.isLeader) continue
      const leader = known.leaders.get(leaderEpoch)
      if (leader !== undefined && leader !== machine.name)
        this.#world.fail(`${name}: epoch ${leaderEpoch} is led by ${leader}, too`)
      known.leaders.set(leaderEpoch, machine.name)
      known.committedEndOffset = Math.max(known.committedEndOffset, log.highWatermark)
    }
  }

  /** Leaders of the newest epoch have all that is committed, and so have those in sync with them. */
  #checkLeaders(machine: Machine): void {
    for (const partition of partitionsOn(machine)) {
      if (!partition.isLeader) continue
      const known = this.#knownOf(keyOf(partition))
      if (partition.leaderEpoch < known.highestEpoch) continue
      const name = `${partition.topic}-${partition.partitionIndex}`
      const end = partition.log.logEndOffset
      if (end < known.committedEndOffset)
        this.#world.fail(
          `${machine.name} leads ${name} in epoch ${partition.leaderEpoch} and ends at ${end}; ` +
            `${known.committedEndOffset} was committed`,
        )
      if (partition.knowsEndOffset && partition.highWatermark < known.committedEndOffset)
        this.#world.fail(
          `${machine.name} tells ${partition.highWatermark} as the end of ${name}; ` +
            `${known.committedEndOffset} was committed`,
        )
      // Also who is a member without the leader's knowledge (R9).
      const image = this.image?.topic(partition.topic)?.partitions[partition.partitionIndex]
      const isSame =
        image?.topicId === partition.topicId && image.leaderEpoch === partition.leaderEpoch
      for (const id of new Set([...partition.isr, ...(isSame ? image.isr : [])]))
        if (this.#knowsNewest(machine, id)) this.#checkInSync(partition, id, name)
    }
  }

  #checkInSync(leader: Partition, id: number, name: string): void {
    const member = this.#world.running.find(machine => machine.id === id)
    const replica = member?.node?.services.replicaManager.getPartition(
      leader.topic,
      leader.partitionIndex,
    )
    if (member === undefined || replica === undefined) return
    if (replica.topicId !== leader.topicId) return
    if (replica.log.writtenEndOffset < leader.log.highWatermark)
      this.#world.fail(
        `${member.name} is in the ISR of ${name} and ends at ${replica.log.writtenEndOffset}, ` +
          `the high watermark is ${leader.log.highWatermark}`,
      )
  }

  /** It knows the latest registration of a broker, and with it what that did to the ISRs. */
  #knowsNewest({ node }: Machine, brokerId: number): boolean {
    const newest = this.#newest?.image.brokers.get(brokerId)
    const own = node?.controlServices.metadata.brokers.get(brokerId)
    return newest !== undefined && !newest.fenced && own?.brokerEpoch === newest.brokerEpoch
  }

  #seenOf(machine: Machine): Seen {
    const existing = this.#seen.get(machine.id)
    if (existing?.life === machine.life) return existing
    const seen = { life: machine.life, metadataOffset: -1, epochs: new Map<string, number>() }
    this.#seen.set(machine.id, seen)
    return seen
  }

  #knownOf(key: string): Known {
    const existing = this.#known.get(key)
    if (existing !== undefined) return existing
    const known = { leaders: new Map<number, string>(), highestEpoch: -1, committedEndOffset: 0 }
    this.#known.set(key, known)
    return known
  }
}

function partitionsOn(machine: Machine): Iterable<Partition> {
  return machine.node?.services.replicaManager.partitions() ?? []
}

function keyOf({ topicId, partitionIndex }: Partition): string {
  return `${topicId}/${partitionIndex}`
}

/** Independent of the order in which maps were filled. */
function hashOf(image: MetadataImage): number {
  let hash = 0
  for (const record of image.records())
    hash = (hash + hashText(encodeMetadataBatch([record]).toString('latin1'))) | 0
  return hash
}
