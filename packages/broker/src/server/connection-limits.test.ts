// How many connections a node takes from one address.

import { errorName, incrementalAlterConfigsApi } from '@weir/protocol'
import t from 'tap'
import { TestNode } from '../testing/test-node.ts'
import { WireClient } from '../testing/wire-client.ts'

const BROKER = 4
const SET = 0

t.test(
  'an address has as many connections as max.connections.per.ip or its override says',
  async t => {
    const node = await TestNode.start([
      'max.connections.per.ip=2',
      'max.connections.per.ip.overrides=10.0.0.7:1',
    ])
    const connect = async (address: string) => {
      const env = node.sim.env(address)
      const client = await node.sim.complete(WireClient.connect(env, 'node', 9092))
      await node.sim.run({ forMs: 50 })
      return client
    }
    const openOf = async (address: string, wanted: number) => {
      const clients: WireClient[] = []
      for (let count = 0; count < wanted; count++) clients.push(await connect(address))
      return clients.filter(client => !client.isGone)
    }
    t.equal((await openOf('10.0.0.7', 2)).length, 1, 'the override')
    const open = await openOf('10.0.0.8', 3)
    t.equal(open.length, 2, 'the general limit')

    const name = 'max.connections.per.ip.overrides'
    const change = async (value: string) => {
      const configs = [{ name, configOperation: SET, value }]
      const resources = [{ resourceType: BROKER, resourceName: '', configs }]
      const asked = { resources, validateOnly: false }
      const answer = await node.sim.complete(
        open[0]?.request(incrementalAlterConfigsApi, 1, asked) ?? Promise.reject(new Error('none')),
      )
      return errorName(answer.responses[0]?.errorCode ?? 0)
    }
    t.equal(await change('10.0.0.7:3,10.0.0.8:0'), 'NONE')
    t.equal((await openOf('10.0.0.7', 3)).length, 2, 'two more, while the node runs')
    t.equal((await openOf('10.0.0.8', 1)).length, 0, 'those that are open stay, no new ones come')
    t.equal(await change('somebody:3'), 'INVALID_CONFIG', 'names are not resolved')
  },
)
