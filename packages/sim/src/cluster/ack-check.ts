// How many brokers have a record at the moment at which its producer hears that it is safe (R11): where no
// topic has less than two in-sync replicas, two have written it. Whoever is down, or has lost writes since
// the record was sent, is taken to have had it.

import type { ClusterWorld, Machine } from './cluster-world.ts'

const MINIMUM = 2

export function checkAcked(
  world: ClusterWorld,
  record: {
    readonly value: string
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly sentMs: number
  },
): void {
  if (!world.options.isStrict) return
  const { value, topic, partition, offset, sentMs } = record
  const mayHave = (machine: Machine) => {
    // A broker that stops in order has let its logs go already.
    if (machine.node === null || machine.isStopping) return true
    if (machine.hasDiskFault || machine.lostAtMs >= sentMs) return true
    const found = machine.node.services.replicaManager.getPartition(topic, partition)
    return found !== undefined && found.log.writtenEndOffset > offset
  }
  const holders = world.brokers.filter(mayHave)
  if (holders.length >= MINIMUM) return
  const names = holders.map(({ name }) => name)
  world.fail(`${value} is acknowledged at ${topic}-${partition}/${offset}, which only ${names} has`)
}
