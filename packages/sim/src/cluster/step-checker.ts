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

/** Of a replica in one life of its broker: looked up once, as all are looked at every moment. */
interface Facts {
  readonly key: string
  /** Of the partition, for people. */
  readonly name: string
  readonly known: Known
  leaderEpoch: number
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
  readonly #facts = new WeakMap<Partition, Facts>()
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
      const facts = this.#factsOf(partition)
      const { known } = facts
      const problem = (what: string) =>
        this.#world.fail(`${facts.name} on ${machine.name}: ${what}`)
      if (log.highWatermark > log.logEndOffset)
        problem(`high watermark ${log.highWatermark} beyond the end ${log.logEndOffset}`)
      if (log.lastStableOffset > log.highWatermark)
        problem(`last stable offset ${log.lastStableOffset} beyond ${log.highWatermark}`)
      if (facts.leaderEpoch !== leaderEpoch) {
        const before = seen.epochs.get(facts.key) ?? -1
        if (leaderEpoch < before) problem(`leader epoch ${leaderEpoch} after ${before}`)
        seen.epochs.set(facts.key, leaderEpoch)
        facts.leaderEpoch = leaderEpoch
      }
      known.highestEpoch = Math.max(known.highestEpoch, leaderEpoch)
      if (!partition.isLeader) continue
      const leader = known.leaders.get(leaderEpoch)
      if (leader === undefined) known.leaders.set(leaderEpoch, machine.name)
      else if (leader !== machine.name) problem(`epoch ${leaderEpoch} is led by ${leader}, too`)
      known.committedEndOffset = Math.max(known.committedEndOffset, log.highWatermark)
    }
  }

  /** Leaders of the newest epoch have all that is committed, and so have those in sync with them. */
  #checkLeaders(machine: Machine): void {
    for (const partition of partitionsOn(machine)) {
      if (!partition.isLeader) continue
      const { known, name } = this.#factsOf(partition)
      if (partition.leaderEpoch < known.highestEpoch) continue
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
      for (const id of partition.isr) this.#checkInSync(machine, partition, id)
      // Also who is a member without the leader's knowledge (R9).
      const image = this.image?.topic(partition.topic)?.partitions[partition.partitionIndex]
      if (image?.topicId !== partition.topicId || image.leaderEpoch !== partition.leaderEpoch)
        continue
      for (const id of image.isr)
        if (!partition.isr.includes(id)) this.#checkInSync(machine, partition, id)
    }
  }

  #checkInSync(machine: Machine, leader: Partition, id: number): void {
    const { topic, partitionIndex, topicId, log } = leader
    if (id === machine.id || !this.#knowsNewest(machine, id)) return
    const member = this.#world.machines.find(one => one.id === id)
    const replica = member?.node?.services.replicaManager.getPartition(topic, partitionIndex)
    if (replica === undefined || replica.topicId !== topicId) return
    if (replica.log.writtenEndOffset < log.highWatermark)
      this.#world.fail(
        `${member?.name} is in the ISR of ${topic}-${partitionIndex} and ends at ` +
          `${replica.log.writtenEndOffset}, the high watermark is ${log.highWatermark}`,
      )
  }

  /** It knows the latest registration of a broker, and with it what that did to the ISRs. */
  #knowsNewest({ node }: Machine, brokerId: number): boolean {
    const newest = this.#newest?.image.brokers.get(brokerId)
    const own = node?.controlServices.metadata.brokers.get(brokerId)
    return newest !== undefined && !newest.fenced && own?.brokerEpoch === newest.brokerEpoch
  }

  #factsOf(partition: Partition): Facts {
    const existing = this.#facts.get(partition)
    if (existing !== undefined) return existing
    const key = `${partition.topicId}/${partition.partitionIndex}`
    const name = `${partition.topic}-${partition.partitionIndex}`
    const facts = { key, name, known: this.#knownOf(key), leaderEpoch: -2 }
    this.#facts.set(partition, facts)
    return facts
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

/** Independent of the order in which maps were filled. */
function hashOf(image: MetadataImage): number {
  let hash = 0
  for (const record of image.records())
    hash = (hash + hashText(encodeMetadataBatch([record]).toString('latin1'))) | 0
  return hash
}
