// The kinds of groups that a shard keeps side by side, under one set of names.

import type { ClassicGroup } from './classic/classic-group.ts'
import type { ConsumerGroup } from './consumer/consumer-group.ts'

export type Group = ClassicGroup | ConsumerGroup
