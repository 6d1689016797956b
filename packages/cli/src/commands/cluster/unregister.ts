// weir cluster unregister: forgets a broker that will not come back.
import { describeCluster, unregisterBroker } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { bootstrapOption, jsonOption, yesOption } from '../../options.ts'
import { confirm } from '../../output/confirm.ts'
import { printJson } from '../../output/json.ts'

export const unregisterBrokerCommand = defineCommand({
  positionals: {
    broker: { type: 'string', demandOption: true, describe: 'Id of the broker' },
  },
  options: { ...bootstrapOption, ...jsonOption, ...yesOption },
  examples: [['$0 cluster unregister 4', 'after its replicas were moved and it was stopped']],
  epilogue:
    "Move its replicas first ('weir reassign move'); a replica that stays behind on a forgotten broker keeps its partition under-replicated.",
  async run({ io }, args) {
    if (!/^\d{1,9}$/.test(args.broker)) {
      throw new UsageError(`brokers have numbers, not '${args.broker}'`)
    }
    const brokerId = Number(args.broker)
    return await withCluster(io, args, async cluster => {
      const { brokers } = await describeCluster(cluster)
      const broker = brokers.find(candidate => candidate.nodeId === brokerId)
      if (broker === undefined) {
        throw new CommandError(
          `broker ${brokerId} is not in the cluster (see 'weir cluster describe')`,
        )
      }
      if (!broker.isFenced) {
        throw new CommandError(`broker ${brokerId} runs: stop it first, or it registers again`)
      }
      if (!args.yes) {
        await confirm(io, {
          warning: `This takes broker ${brokerId} out of the cluster.`,
          expected: String(brokerId),
        })
      }
      await unregisterBroker(cluster, brokerId)
      if (args.json) printJson(io, { brokerId })
      else void io.stdout.write(`Broker ${brokerId} is forgotten\n`)
      return 0
    })
  },
})
