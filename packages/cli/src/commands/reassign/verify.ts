// weir reassign verify: tells whether moves are done, and then takes their throttle away.
import { type Cluster, listTopics } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import type { CliIo } from '../../io.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { type MoveProgress, movesUnderWay, PROGRESS_COLUMNS } from '../../reassign/progress.ts'
import { type RemovedThrottle, removeThrottle } from '../../reassign/throttle.ts'
import { selectedPartitions } from '../../selected-partitions.ts'
import { parseTopicSelection } from '../../values/key-values.ts'

const POLL_MS = 500

export const verifyReassignmentsCommand = defineCommand({
  positionals: {
    topics: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'all that move',
      describe: 'Topics, or TOPIC:PARTITIONS',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    wait: { type: 'boolean', default: false, describe: 'Return when everything is done' },
  },
  examples: [
    ['$0 reassign verify', 'exit code 0 when nothing moves any more, else 1'],
    ['$0 reassign verify orders --wait', 'return when it is done'],
  ],
  epilogue: 'When all moves of the cluster are done, a throttle that was set for them is removed.',
  completePositional: ['topics'],
  async run({ io }, args) {
    const selections = args.topics.map(parseTopicSelection)
    return await withCluster(io, args, async cluster => {
      const partitions =
        selections.length === 0 ? null : await selectedPartitions(cluster, selections)
      let moves = await movesUnderWay(cluster, partitions)
      while (args.wait && moves.length > 0 && !io.signal.aborted) {
        await cluster.env.clock.sleep(POLL_MS)
        moves = await movesUnderWay(cluster, partitions)
      }
      // The rate of a broker is for all moves, so it stays until the last is done.
      const isAllDone =
        moves.length === 0 &&
        (partitions === null || (await movesUnderWay(cluster, null)).length === 0)
      const removed = isAllDone ? await removeThrottles(cluster) : null
      print(io, args.json, { moves, removed })
      return moves.length === 0 ? 0 : 1
    })
  },
})

interface Verified {
  readonly moves: readonly MoveProgress[]
  /** Null while something moves. */
  readonly removed: RemovedThrottle | null
}

function print(io: CliIo, json: boolean, { moves, removed }: Verified): void {
  if (json) {
    printJson(io, { done: moves.length === 0, moves, removedThrottle: removed })
    return
  }
  if (moves.length > 0) {
    void io.stdout.write(renderTable(io.stdout, PROGRESS_COLUMNS, moves))
    void io.stderr.write(`${moves.length} still under way.\n`)
    return
  }
  void io.stdout.write('Nothing moves.\n')
  if (removed === null) return
  const { brokers, topics } = removed
  if (brokers.length > 0) {
    void io.stdout.write(`Removed the throttle of broker ${brokers.join(', ')}.\n`)
  }
  if (topics.length > 0) {
    void io.stdout.write(`Removed the throttle of topic ${topics.join(', ')}.\n`)
  }
}

async function removeThrottles(cluster: Cluster): Promise<RemovedThrottle> {
  const topics = await listTopics(cluster)
  return await removeThrottle(
    cluster,
    topics.map(topic => topic.name),
  )
}
