// For tests only: a data plane with a group coordinator on it.

import { GroupCoordinator, OFFSETS_TOPIC } from '../coordinator/group-coordinator.ts'
import type { AutoTopicCreator } from '../metadata/auto-topic-creator.ts'
import type { Services } from '../services.ts'
import { DataPlane } from './data-plane.ts'

type TopicCreation = Pick<AutoTopicCreator, 'create'>

/** With a topic `t` of two partitions. */
export async function openGroupPlane(creation?: TopicCreation): Promise<DataPlane> {
  const plane = await DataPlane.open()
  plane.createTopic('t', 2)
  coordinate(plane, creation)
  return plane
}

/** A coordinator for the plane as it is now: after a restart there has to be another one. */
export function coordinate(plane: DataPlane, creation?: TopicCreation): GroupCoordinator {
  const { services } = plane
  const autoTopics = creation ?? {
    create: async () => {
      plane.createTopic(OFFSETS_TOPIC, 3)
      return new Map()
    },
  }
  const coordinator = new GroupCoordinator(plane.env, {
    nodeId: services.nodeId,
    metadata: services.metadata,
    settings: services.settings,
    autoTopics: autoTopics as unknown as AutoTopicCreator,
    replicaManager: services.replicaManager,
  })
  coordinator.start()
  const target = services as { -readonly [Key in keyof Services]: Services[Key] }
  target.groupCoordinator = coordinator
  const broker = { brokerId: 1, host: 'here', port: 9092, rack: null, isFenced: false }
  target.liveBrokers = () => [broker]
  return coordinator
}
