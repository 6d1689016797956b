import type { Cluster } from '@weir/client'
import { KafkaError } from '@weir/protocol'
import t from 'tap'
import { CommandError } from './errors.ts'
import { findTopics } from './names.ts'

/** A cluster that answers every question for a topic with this. */
function refusing(error: KafkaError): Cluster {
  return {
    retry: async (attempt: () => unknown) => await attempt(),
    refreshMetadata: async () => ({ topics: [] }),
    topic: async () => {
      throw error
    },
  } as unknown as Cluster
}

t.test('a topic that is there, and not to be had now, is not said to be missing', async t => {
  const error = new KafkaError('LEADER_NOT_AVAILABLE', "topic 'new': LEADER_NOT_AVAILABLE")
  await t.rejects(findTopics(refusing(error), ['new']), error)
})

t.test('a topic that does not exist is a sentence with what to do', async t => {
  const error = new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', "topic 'none' does not exist")
  const asked = findTopics(refusing(error), ['none'])
  await t.rejects(asked, CommandError)
  await t.rejects(asked, { message: /does not exist: create it with/ })
})
