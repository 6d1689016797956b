// Every command of `weir` with the line that the help shows. Keep it free of imports that cost time:
// it is loaded on each call.
import type { CommandNode } from './command.ts'

export const COMMAND_TREE: readonly CommandNode[] = [
  {
    usage: 'topics',
    describe: 'List, create, describe, change and delete topics',
    examples: [
      ['$0 topics create orders --partitions 3', 'a topic of three partitions'],
      ['$0 topics describe orders', 'its partitions, leaders and settings'],
      ['$0 topics describe --under-replicated', 'what is not as safe as it should be'],
    ],
    children: [
      {
        usage: 'list',
        describe: 'All topics',
        load: async () => (await import('./commands/topics/list.ts')).listTopicsCommand,
      },
      {
        usage: 'create <topics..>',
        describe: 'Create topics',
        load: async () => (await import('./commands/topics/create.ts')).createTopicsCommand,
      },
      {
        usage: 'describe [topics..]',
        describe: 'Partitions, replicas, leaders and settings of topics, or what is not in order',
        load: async () => (await import('./commands/topics/describe.ts')).describeTopicsCommand,
      },
      {
        usage: 'alter <topic>',
        describe: 'Add partitions, change settings',
        load: async () => (await import('./commands/topics/alter.ts')).alterTopicCommand,
      },
      {
        usage: 'delete <topics..>',
        describe: 'Delete topics with all their records',
        load: async () => (await import('./commands/topics/delete.ts')).deleteTopicsCommand,
      },
    ],
  },
  {
    usage: 'produce <topic>',
    describe: 'Send lines or JSON from standard input to a topic',
    load: async () => (await import('./commands/produce.ts')).produceCommand,
  },
  {
    usage: 'consume <topics..>',
    describe: 'Print records of topics, alone or as a member of a group',
    load: async () => (await import('./commands/consume.ts')).consumeCommand,
  },
  {
    usage: 'offsets <topics..>',
    describe: 'First and last offsets of partitions, or offsets by time',
    load: async () => (await import('./commands/offsets.ts')).offsetsCommand,
  },
  {
    usage: 'groups',
    describe: 'Consumer groups: members, lag, offsets to reset, export and import',
    examples: [
      ['$0 groups describe billing --watch', 'its lag, live'],
      ['$0 groups reset-offsets billing orders --to earliest', 'what would change; add --execute'],
    ],
    children: [
      {
        usage: 'list',
        describe: 'All groups',
        load: async () => (await import('./commands/groups/list.ts')).listGroupsCommand,
      },
      {
        usage: 'describe <groups..>',
        describe: 'State, offsets and lag of groups',
        load: async () => (await import('./commands/groups/describe.ts')).describeGroupsCommand,
      },
      {
        usage: 'members <group>',
        describe: 'Members of a group and what each has been assigned',
        load: async () => (await import('./commands/groups/members.ts')).groupMembersCommand,
      },
      {
        usage: 'reset-offsets <group> [topics..]',
        describe: 'Move the committed offsets of a group; shows what it would do unless --execute',
        load: async () => (await import('./commands/groups/reset-offsets.ts')).resetOffsetsCommand,
      },
      {
        usage: 'export [groups..]',
        describe: 'Print the committed offsets of groups, to be kept or imported elsewhere',
        load: async () => (await import('./commands/groups/export.ts')).exportGroupsCommand,
      },
      {
        usage: 'import <file>',
        describe: 'Commit exported offsets; shows what it would do unless --execute',
        load: async () => (await import('./commands/groups/import.ts')).importGroupsCommand,
      },
      {
        usage: 'delete <groups..>',
        describe: 'Delete groups with their committed offsets',
        load: async () => (await import('./commands/groups/delete.ts')).deleteGroupsCommand,
      },
    ],
  },
  {
    usage: 'cluster',
    describe: 'Brokers and controllers of the cluster',
    examples: [
      ['$0 cluster describe', 'who is in the cluster'],
      ['$0 cluster unregister 4', 'forget a broker that will not come back'],
    ],
    children: [
      {
        usage: 'describe',
        describe: 'Nodes with their roles, racks and states',
        load: async () => (await import('./commands/cluster/describe.ts')).describeClusterCommand,
      },
      {
        usage: 'unregister <broker>',
        describe: 'Forget a broker that will not come back',
        load: async () =>
          (await import('./commands/cluster/unregister.ts')).unregisterBrokerCommand,
      },
    ],
  },
  {
    usage: 'quorum',
    describe: 'The controllers that keep the metadata',
    examples: [
      ['$0 quorum status', 'who leads, who votes, who is behind'],
      ['$0 quorum add 4 --controller-listen 10.0.0.4:10092', 'one voter more'],
    ],
    children: [
      {
        usage: 'status',
        describe: 'Leader, voters and observers of the metadata quorum',
        load: async () => (await import('./commands/quorum/status.ts')).quorumStatusCommand,
      },
      {
        usage: 'add <node>',
        describe: 'Make a running controller a voter',
        load: async () => (await import('./commands/quorum/add.ts')).addVoterCommand,
      },
      {
        usage: 'remove <node>',
        describe: 'Take a voter out',
        load: async () => (await import('./commands/quorum/remove.ts')).removeVoterCommand,
      },
    ],
  },
  {
    usage: 'reassign',
    describe: 'Move replicas to other brokers',
    examples: [
      ['$0 reassign move orders --to 1-4', 'what would move; add --execute'],
      ['$0 reassign verify --wait', 'until it is done'],
    ],
    children: [
      {
        usage: 'move [topics..]',
        describe: 'Spread replicas over brokers and racks; shows what it would do unless --execute',
        load: async () => (await import('./commands/reassign/move.ts')).moveReplicasCommand,
      },
      {
        usage: 'list',
        describe: 'Moves under way',
        load: async () => (await import('./commands/reassign/list.ts')).listReassignmentsCommand,
      },
      {
        usage: 'verify [topics..]',
        describe: 'Tell whether moves are done, and remove their throttle then',
        load: async () =>
          (await import('./commands/reassign/verify.ts')).verifyReassignmentsCommand,
      },
      {
        usage: 'cancel [topics..]',
        describe: 'Take moves back that are under way',
        load: async () =>
          (await import('./commands/reassign/cancel.ts')).cancelReassignmentsCommand,
      },
    ],
  },
  {
    usage: 'elect-leaders [topics..]',
    describe: 'Let the preferred replicas lead again, or accept an unclean leader',
    load: async () => (await import('./commands/elect-leaders.ts')).electLeadersCommand,
  },
  {
    usage: 'configs',
    describe: 'Read, change and explain settings of topics, brokers and groups',
    examples: [
      ['$0 configs set topic/orders retention.ms=3600000', 'keep records for an hour'],
      ['$0 configs explain retention.ms', 'what it means'],
    ],
    children: [
      {
        usage: 'get <resource> [names..]',
        describe: 'Settings of topic/NAME, broker/ID, broker (all of them) or group/NAME',
        load: async () => (await import('./commands/configs/get.ts')).getConfigsCommand,
      },
      {
        usage: 'set <resource> <settings..>',
        describe: 'Change settings: NAME=VALUE ...',
        load: async () => (await import('./commands/configs/set.ts')).setConfigsCommand,
      },
      {
        usage: 'unset <resource> <names..>',
        describe: 'Go back to the defaults',
        load: async () => (await import('./commands/configs/unset.ts')).unsetConfigsCommand,
      },
      {
        usage: 'explain <name>',
        describe: 'Meaning, type, default and range of a setting',
        load: async () => (await import('./commands/configs/explain.ts')).explainConfigCommand,
      },
    ],
  },
  {
    usage: 'log',
    describe: 'Look into log files',
    examples: [
      ['$0 log dump data/orders-0/*.log', 'the batches of a partition'],
      ['$0 log dump data/orders-0/*.index', 'the entries of its indexes'],
    ],
    children: [
      {
        usage: 'dump <files..>',
        describe: 'Batches and records of segment and index files, verified',
        load: async () => (await import('./commands/log/dump.ts')).dumpLogCommand,
      },
    ],
  },
  {
    usage: 'bench [scenarios..]',
    describe: 'Measure throughput and latency of any broker',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  {
    usage: 'doctor',
    describe: 'Check an address, a configuration file or a data directory',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
]
