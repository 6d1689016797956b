// Copies of an image go their own way, and what lies between two images is found.

import t from 'tap'
import { MetadataImage } from './image.ts'
import { deltaBetween } from './image-delta.ts'
import { CONFIG_RESOURCE, type MetadataRecord } from './records.ts'

const partition = (topicId: string, partitionIndex: number, epoch = 0): MetadataRecord => ({
  kind: 'partition',
  topicId,
  partitionIndex,
  replicas: [1],
  isr: [1],
  addingReplicas: [],
  removingReplicas: [],
  elr: [],
  lastKnownElr: [],
  leader: 1,
  leaderRecoveryState: 0,
  leaderEpoch: epoch,
  partitionEpoch: epoch,
})

const config = (resourceName: string, value: string | null): MetadataRecord => ({
  kind: 'config',
  resourceType: CONFIG_RESOURCE.topic,
  resourceName,
  key: 'retention.ms',
  value,
})

function imageOf(records: readonly MetadataRecord[]): MetadataImage {
  const image = new MetadataImage()
  for (const record of records) image.replay(record)
  return image
}

t.test('a copy and its original change without each other, also where a topic grows', async t => {
  const image = imageOf([{ kind: 'topic', name: 'a', topicId: 'A' }, partition('A', 0)])
  image.replay(config('a', '1'))
  const copy = image.copy()
  copy.replay(partition('A', 1))
  copy.replay(config('a', '2'))
  t.equal(image.topic('a')?.partitions.length, 1)
  t.equal(image.topicConfigs('a').get('retention.ms'), '1')
  image.replay(partition('A', 1, 7))
  image.replay(partition('A', 2, 7))
  t.equal(copy.topic('a')?.partitions.length, 2)
  t.equal(copy.topicById('A')?.partitions[1]?.partitionEpoch, 0)
  t.same([...imageOf([...copy.records()]).records()], [...copy.records()])
})

t.test('the delta between two images names what was added, changed and removed', async t => {
  const before = imageOf([
    { kind: 'topic', name: 'gone', topicId: 'G' },
    partition('G', 0),
    { kind: 'topic', name: 'same', topicId: 'S' },
    partition('S', 0),
    { kind: 'topic', name: 'changed', topicId: 'C' },
    partition('C', 0),
    config('gone', '1'),
    config('same', '1'),
  ])
  const after = imageOf([
    { kind: 'topic', name: 'same', topicId: 'S' },
    partition('S', 0),
    { kind: 'topic', name: 'changed', topicId: 'C' },
    partition('C', 0, 1),
    { kind: 'topic', name: 'gone', topicId: 'N' },
    config('same', '1'),
    config('changed', '1'),
  ])
  const delta = deltaBetween(before, after)
  t.same([...delta.changedPartitions.keys()].sort(), ['C', 'N'])
  t.same(
    delta.removedTopics.map(topic => topic.topicId),
    ['G'],
  )
  t.same([...delta.changedConfigs].sort(), ['2:changed', '2:gone'])
  t.equal(delta.changedBrokerIds.size, 0)
})
