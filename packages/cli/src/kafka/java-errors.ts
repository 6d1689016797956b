// Errors as the Java tools print them: the exception's class and Kafka's message for a code that comes
// without one. Scripts look for these texts.
import { ClientError } from '@weir/client'
import { type ErrorName, KafkaError } from '@weir/protocol'

/** Where the class is not the code in camel case. */
const CLASSES: ReadonlyMap<ErrorName, string> = new Map<ErrorName, string>([
  ['NON_EMPTY_GROUP', 'GroupNotEmptyException'],
  ['TOPIC_ALREADY_EXISTS', 'TopicExistsException'],
  ['INVALID_TOPIC_EXCEPTION', 'InvalidTopicException'],
  ['INVALID_CONFIG', 'InvalidConfigurationException'],
  ['REQUEST_TIMED_OUT', 'TimeoutException'],
  ['MESSAGE_TOO_LARGE', 'RecordTooLargeException'],
  ['CORRUPT_MESSAGE', 'CorruptRecordException'],
  ['COORDINATOR_NOT_AVAILABLE', 'CoordinatorNotAvailableException'],
  ['GROUP_SUBSCRIBED_TO_TOPIC', 'GroupSubscribedToTopicException'],
])

const MESSAGES: ReadonlyMap<ErrorName, string> = new Map<ErrorName, string>([
  ['GROUP_ID_NOT_FOUND', 'The group id does not exist.'],
  ['NON_EMPTY_GROUP', 'The group is not empty.'],
  [
    'OFFSET_OUT_OF_RANGE',
    'The requested offset is not within the range of offsets maintained by the server.',
  ],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.'],
  ['POLICY_VIOLATION', 'Request parameters do not satisfy the configured policy.'],
  [
    'GROUP_SUBSCRIBED_TO_TOPIC',
    'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.',
  ],
  ['INVALID_PARTITIONS', 'Number of partitions is below 1.'],
])

export function javaClass(name: ErrorName): string {
  const camelCase = name
    .toLowerCase()
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
  const suffix = camelCase.endsWith('Exception') ? '' : 'Exception'
  return `org.apache.kafka.common.errors.${CLASSES.get(name) ?? camelCase + suffix}`
}

/** The message alone: what the broker said, without our "topic 'x': " in front. */
export function javaMessage(error: unknown): string {
  if (error instanceof KafkaError) {
    const at = error.message.indexOf(': ')
    const text = at < 0 ? error.message : error.message.slice(at + 2)
    const isOnlyCode = text === error.errorName
    return isOnlyCode ? (MESSAGES.get(error.errorName) ?? text) : text
  }
  return error instanceof Error ? error.message : String(error)
}

/** `org.apache.kafka.common.errors.XException: message` */
export function javaException(error: unknown): string {
  if (error instanceof KafkaError) return `${javaClass(error.errorName)}: ${javaMessage(error)}`
  if (error instanceof ClientError) {
    return `org.apache.kafka.common.errors.TimeoutException: ${error.message}`
  }
  return javaMessage(error)
}
