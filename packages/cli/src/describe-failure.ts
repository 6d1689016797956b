// An error of a command as one sentence that says what to do.
import { ClientError } from '@weir/client'
import { DiskError, NetError, OperatorError } from '@weir/core'
import { type ErrorName, KafkaError } from '@weir/protocol'
import { CommandError } from './errors.ts'

/** What to do about codes that users meet. */
const ADVICE: ReadonlyMap<ErrorName, string> = new Map<ErrorName, string>([
  ['UNKNOWN_TOPIC_OR_PARTITION', "see 'weir topics list' for what there is"],
  ['GROUP_ID_NOT_FOUND', "see 'weir groups list' for what there is"],
  ['TOPIC_ALREADY_EXISTS', "choose another name, or change it with 'weir topics alter'"],
  ['NON_EMPTY_GROUP', 'stop its members first'],
  ['INVALID_CONFIG', "see 'weir configs explain NAME'"],
  [
    'MESSAGE_TOO_LARGE',
    "raise it with 'weir configs set topic/NAME max.message.bytes=BYTES', or send less at once",
  ],
  ['NOT_ENOUGH_REPLICAS', "too few replicas are in sync: see 'weir topics describe'"],
  [
    'KAFKA_STORAGE_ERROR',
    "the broker's disk is full or damaged: see its log and 'weir doctor --data-dir DIRECTORY'",
  ],
  [
    'CORRUPT_MESSAGE',
    "it is damaged on the broker's disk or was on the way: 'weir doctor --data-dir DIRECTORY' tells",
  ],
  ['INVALID_REPLICATION_FACTOR', "see 'weir cluster describe' for the brokers there are"],
  [
    'REQUEST_TIMED_OUT',
    "'weir quorum status' tells whether there is an active controller, 'weir topics describe' which replicas are missing or lag",
  ],
  ['NOT_CONTROLLER', "there is no active controller: see 'weir quorum status'"],
  ['COORDINATOR_NOT_AVAILABLE', 'the coordinator is starting: try again'],
])

export function describeFailure(error: unknown): string {
  if (error instanceof ClientError) return describeClientError(error)
  if (error instanceof KafkaError) {
    const advice = ADVICE.get(error.errorName)
    const message = error.message.replace(/\.$/, '')
    return advice === undefined ? message : `${message}; ${advice}`
  }
  const isForUsers =
    error instanceof CommandError ||
    error instanceof OperatorError ||
    error instanceof DiskError ||
    error instanceof NetError
  if (isForUsers) return error.message
  // A bug of ours: whoever reports it needs all there is.
  if (error instanceof Error) return `unexpected ${error.stack ?? error.message}`
  return `unexpected error: ${String(error)}`
}

function describeClientError(error: ClientError): string {
  switch (error.kind) {
    case 'connect':
      return `${error.message}. Start a broker with 'weir start', or name another address with --bootstrap.`
    case 'closed':
      return `${error.message}. Is that a Kafka listener? 'weir doctor --bootstrap ${error.address}' looks closer.`
    case 'timeout':
      if (error.isOfController) {
        return `${error.message}. That takes an active controller: does a majority of the voters run?`
      }
      return `${error.message}. Give it more time with --timeout, or look closer with 'weir doctor'.`
    case 'unsupported':
    case 'unknown':
    case 'ended':
      return error.message
    default:
      return error.message
  }
}
