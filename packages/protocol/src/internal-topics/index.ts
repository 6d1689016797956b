// Every kind of record of Kafka's internal topics, by topic.

import * as commitsAndClassicGroups from './commits-and-classic-groups.ts'
import * as consumerGroups from './consumer-groups.ts'
import * as shareGroups from './share-groups.ts'
import * as shareState from './share-state.ts'
import * as streamsGroups from './streams-groups.ts'
import * as transactions from './transactions.ts'

/** Of __consumer_offsets. */
export const offsetsTopicRecords = {
  ...commitsAndClassicGroups,
  ...consumerGroups,
  ...shareGroups,
  ...streamsGroups,
}

/** Of __transaction_state. */
export const transactionTopicRecords = { ...transactions }

/** Of __share_group_state. */
export const shareStateTopicRecords = { ...shareState }
