// Each hop from an address to a working cluster: name, TCP, Kafka's protocol, metadata, and then the
// addresses that the brokers advertise, which is where most installations break.
import { lookup } from 'node:dns/promises'
import {
  type Address,
  ClientError,
  Cluster,
  Connection,
  describeCluster,
  formatAddress,
  listTopics,
  parseAddresses,
} from '@weir/client'
import { errorMessage, NetError } from '@weir/core'
import { createClientEnv } from '../client-env.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

const MAX_CLOCK_STEP_MS = 1_000

/** Null if the text is not a list of addresses. */
export async function checkAddresses(text: string, timeoutMs: number): Promise<Finding[] | null> {
  const addresses = parseAddresses(text)
  if (addresses === null) return null
  const findings: Finding[] = []
  const working: Address[] = []
  for (const address of addresses) {
    const reached = await checkHop(address, timeoutMs, findings, 'bootstrap address')
    if (reached) working.push(address)
  }
  if (working.length > 0) await checkCluster(working, timeoutMs, findings)
  return findings
}

/** True if a broker answers there. */
async function checkHop(
  address: Address,
  timeoutMs: number,
  findings: Finding[],
  what: string,
): Promise<boolean> {
  const text = formatAddress(address)
  try {
    const { address: resolved } = await lookup(address.host)
    if (resolved !== address.host) findings.push(good(`${address.host} is ${resolved}`))
  } catch (error) {
    findings.push(
      bad(
        `${what} ${text}: the name ${address.host} cannot be resolved (${errorMessage(error)})`,
        'Correct the name, or add it to DNS or /etc/hosts of this machine.',
      ),
    )
    return false
  }
  const startedMs = performance.now()
  try {
    const connection = await Connection.open(createClientEnv(), address, {
      clientId: 'weir-doctor',
      connectTimeoutMs: timeoutMs,
      requestTimeoutMs: timeoutMs,
    })
    const tookMs = Math.round(performance.now() - startedMs)
    findings.push(
      good(`${what} ${text} answers with ${connection.versions.size} APIs after ${tookMs} ms`),
    )
    connection.close()
    return true
  } catch (error) {
    findings.push(describeHop(text, what, error))
    return false
  }
}

function describeHop(text: string, what: string, error: unknown): Finding {
  const code =
    error instanceof ClientError && error.cause instanceof NetError ? error.cause.code : ''
  if (code === 'ECONNREFUSED') {
    return bad(
      `${what} ${text}: nothing listens there`,
      "Start a broker ('weir start'), or correct the address; a broker in a container has to publish the port.",
    )
  }
  if (error instanceof ClientError && error.kind === 'connect') {
    return bad(
      `${what} ${text}: ${error.message}`,
      'Look for a firewall or a wrong network between here and there.',
    )
  }
  if (error instanceof ClientError && error.kind === 'timeout') {
    return bad(
      `${what} ${text}: the port is open, but there is no answer to Kafka's first request`,
      'It may be a TLS listener, or a proxy whose target is gone.',
    )
  }
  return bad(
    `${what} ${text}: the port is open, but it does not speak Kafka's protocol (${errorMessage(error)})`,
    'It may be a TLS, SASL or HTTP listener: look for the plain one in the broker\'s "listeners".',
  )
}

async function checkCluster(
  bootstrap: readonly Address[],
  timeoutMs: number,
  findings: Finding[],
): Promise<void> {
  const cluster = new Cluster(createClientEnv(), {
    bootstrap,
    clientId: 'weir-doctor',
    connectTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
    retryTimeoutMs: timeoutMs,
  })
  try {
    const { clusterId, controllerId, brokers } = await describeCluster(cluster)
    findings.push(
      good(`cluster ${clusterId ?? 'without an id'} with ${count(brokers.length, 'broker')}`),
    )
    if (controllerId < 0) {
      findings.push(
        bad('there is no active controller', 'Start enough controllers for a majority.'),
      )
    }
    for (const broker of brokers) {
      if (broker.isFenced) {
        findings.push(
          bad(
            `broker ${broker.nodeId} is fenced`,
            'It is down or cannot reach the controller: see its log.',
          ),
        )
      }
      await checkAdvertised(broker, bootstrap, timeoutMs, findings)
    }
    await checkPartitions(cluster, findings)
  } catch (error) {
    findings.push(bad(`metadata: ${errorMessage(error)}`, "See the broker's log."))
  } finally {
    cluster.close()
  }
}

async function checkAdvertised(
  broker: Address & { readonly nodeId: number },
  bootstrap: readonly Address[],
  timeoutMs: number,
  findings: Finding[],
): Promise<void> {
  const what = `broker ${broker.nodeId} advertises`
  const isKnown = bootstrap.some(({ host, port }) => host === broker.host && port === broker.port)
  if (isKnown) return
  const isWildcard = broker.host === '0.0.0.0' || broker.host === '::'
  if (isWildcard) {
    findings.push(
      bad(
        `${what} ${formatAddress(broker)}, which is no address to connect to`,
        'Set advertised.listeners.',
      ),
    )
    return
  }
  const reached = await checkHop(broker, timeoutMs, findings, what)
  if (reached) return
  findings.push(
    doubtful(
      'clients connect to the bootstrap address first, then only to what the brokers advertise',
      `Set advertised.listeners of broker ${broker.nodeId} to an address that clients can reach.`,
    ),
  )
}

async function checkPartitions(cluster: Cluster, findings: Finding[]): Promise<void> {
  const startedMs = performance.now()
  const topics = await listTopics(cluster)
  const tookMs = performance.now() - startedMs
  const partitions = topics.flatMap(topic =>
    topic.partitions.map(partition => ({ name: topic.name, ...partition })),
  )
  const leaderless = partitions.filter(partition => partition.leaderId < 0)
  const lagging = partitions.filter(partition => partition.isr.length < partition.replicas.length)
  findings.push(
    good(`${count(topics.length, 'topic')} with ${count(partitions.length, 'partition')}`),
  )
  if (leaderless.length > 0) {
    const [first] = leaderless
    findings.push(
      bad(
        `${leaderless.length} partitions have no leader, ${first?.name}-${first?.partitionIndex} for one`,
        'Start the brokers that hold them.',
      ),
    )
  }
  if (lagging.length > 0) {
    const [first] = lagging
    findings.push(
      doubtful(
        `${lagging.length} partitions lack replicas in sync, ${first?.name}-${first?.partitionIndex} for one`,
        "'weir topics list' shows which; start the missing brokers or wait for them to catch up.",
      ),
    )
  }
  if (tookMs > MAX_CLOCK_STEP_MS) {
    findings.push(
      doubtful(`metadata took ${Math.round(tookMs)} ms`, 'The broker or the network is slow.'),
    )
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
