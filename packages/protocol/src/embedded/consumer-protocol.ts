// What consumers put into JoinGroup (subscription) and SyncGroup (assignment): int16 version, then
// the message. A reader takes a newer version as the last one it knows.

import { array, bytes, type Decoded, int32, message, string } from '../schema.ts'

export const consumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  flexible: 'never',
  fields: {
    topics: array(string()),
    userData: bytes({ nullable: true, default: null }),
    ownedPartitions: array(
      { since: 1, ignorable: true },
      {
        topic: string(),
        partitions: array(int32()),
      },
    ),
    generationId: int32({ since: 2, default: -1, ignorable: true }),
    rackId: string({ since: 3, nullable: true, default: null, ignorable: true }),
  },
})

export type ConsumerProtocolSubscription = Decoded<typeof consumerProtocolSubscription>

export const consumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  flexible: 'never',
  fields: {
    assignedPartitions: array({
      topic: string(),
      partitions: array(int32()),
    }),
    userData: bytes({ nullable: true, default: null }),
  },
})
