// kafka-cluster
import { type DescribedBroker, describeCluster, unregisterBroker } from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { javaException } from './java-errors.ts'
import { ToolError, type ToolOptions } from './option-parser.ts'
import type { KafkaTool, ToolContext } from './tool.ts'

const CONNECT: ToolOptions = {
  'bootstrap-server': { value: 'required', short: 'b', doc: 'The addresses of brokers.' },
  'bootstrap-controller': {
    value: 'required',
    short: 'C',
    doc: 'The addresses of controllers instead.',
  },
  config: { value: 'required', short: 'c', doc: 'A file of client settings.' },
  'command-config': { value: 'required', doc: 'A file of client settings.' },
}

export const clusterTool: KafkaTool = {
  description: 'The Kafka cluster tool.',
  options: {},
  subcommands: {
    'cluster-id': CONNECT,
    unregister: { ...CONNECT, id: { value: 'required', short: 'i', doc: 'The id of the broker.' } },
    'list-endpoints': {
      ...CONNECT,
      'include-fenced-brokers': { value: 'none', doc: 'Brokers that are fenced, too.' },
    },
  },
  async run(context) {
    const { options, subcommand } = context
    if (subcommand === 'unregister' && !options.has('id')) {
      throw new ToolError('argument --id/-i is required')
    }
    if (!options.has('bootstrap-server') && !options.has('bootstrap-controller')) {
      throw new ToolError(
        'one of the arguments --bootstrap-server/-b --bootstrap-controller/-C is required',
      )
    }
    switch (subcommand) {
      case 'cluster-id':
        return await printClusterId(context)
      case 'unregister':
        return await unregister(context)
      default:
        return await listEndpoints(context)
    }
  },
  fail(context, error) {
    const text = javaException(error)
    context.printError(`${text}\njava.util.concurrent.ExecutionException: ${text}\n`)
    return 1
  },
}

async function printClusterId(context: ToolContext): Promise<number> {
  const { clusterId } = await describeCluster(context.cluster)
  context.print(
    clusterId === null
      ? 'No cluster ID found. The Kafka version is probably too old.\n'
      : `Cluster ID: ${clusterId}\n`,
  )
  return 0
}

async function unregister(context: ToolContext): Promise<number> {
  const brokerId = context.options.integer('id') ?? -1
  try {
    await unregisterBroker(context.cluster, brokerId)
  } catch (error) {
    if (error instanceof KafkaError) {
      context.log(
        'ERROR',
        `[AdminClient clientId=adminclient-1] Unregister broker request for broker ID ${brokerId} failed: ${error.message}`,
        'org.apache.kafka.clients.admin.KafkaAdminClient',
      )
    }
    throw error
  }
  context.print(`Broker ${brokerId} is no longer registered.\n`)
  return 0
}

/** The Java tool's column is as wide as the longest rack, or this where there is none. */
const NO_RACK_WIDTH = 10

async function listEndpoints(context: ToolContext): Promise<number> {
  const withFenced = context.options.has('include-fenced-brokers')
  const { brokers } = await describeCluster(context.cluster)
  const shown = brokers.filter(broker => withFenced || !broker.isFenced)
  const hostWidth = Math.max('HOST'.length, ...shown.map(broker => broker.host.length))
  const rackWidth = Math.max(0, ...shown.map(({ rack }) => rack?.length ?? NO_RACK_WIDTH))
  const line = (cells: readonly (string | number)[]): string => {
    const widths = [10, hostWidth, 10, rackWidth, 10, 15]
    return `${cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(' ')}\n`
  }
  const type = context.options.has('bootstrap-controller') ? 'controller' : 'broker'
  context.print(line(['ID', 'HOST', 'PORT', 'RACK', 'STATE', 'ENDPOINT_TYPE']))
  for (const { nodeId, host, port, rack, isFenced } of shown as readonly DescribedBroker[]) {
    const state = isFenced ? 'fenced' : 'unfenced'
    context.print(line([nodeId, host, port, String(rack), state, type]))
  }
  return 0
}
