// Operating a cluster: commands and drop-in scripts against three brokers in this process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '@weir/cli'
import { runKafkaTool } from '@weir/cli/kafka'
import { memoryIo } from '@weir/cli/testing'
import t from 'tap'
import { startWeir } from './start-weir.ts'
import type { Weir } from './weir.ts'

let weir: Weir
const directory = mkdtempSync(join(tmpdir(), 'weir-cluster-cli-'))

// Three nodes beside everything else that a test run does.
t.setTimeout(120_000)

t.before(async () => {
  weir = await startWeir({ brokers: 3, settings: { 'auto.create.topics.enable': false } })
})

t.teardown(async () => {
  await weir.stop()
  rmSync(directory, { recursive: true, force: true })
})

interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(words: readonly string[], input = ''): Promise<Answer> {
  const io = memoryIo(input, { WEIR_BOOTSTRAP: weir.bootstrap })
  const code = await runCli(words, { io, version: '1' })
  return { code, out: io.stdout.text, err: io.stderr.text }
}

async function ok(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await run(words)
  if (code !== 0) throw new Error(`weir ${words.join(' ')} ends with ${code}: ${err}`)
  return out
}

async function tool(name: string, ...words: readonly string[]): Promise<Answer> {
  const io = memoryIo('')
  const code = await runKafkaTool(io, name, ['--bootstrap-server', weir.bootstrap, ...words])
  return { code, out: io.stdout.text, err: io.stderr.text }
}

function file(name: string, document: unknown): string {
  const path = join(directory, name)
  writeFileSync(path, JSON.stringify(document))
  return path
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function replicasOf(topic: string): Promise<number[][]> {
  const [described] = JSON.parse(await ok('topics', 'describe', topic, '--json'))
  return described.partitions.map((partition: { replicas: number[] }) => partition.replicas)
}

t.test('the cluster and its quorum are described', async t => {
  const { nodes, controllerId } = JSON.parse(await ok('cluster', 'describe', '--json'))
  t.same(
    nodes.map((node: { nodeId: number; isFenced: boolean }) => [node.nodeId, node.isFenced]),
    [1, 2, 3].map(id => [id, false]),
  )
  const { leaderId, replicas } = JSON.parse(await ok('quorum', 'status', '--json'))
  t.equal(leaderId, controllerId)
  t.equal(replicas.filter(({ role }: { role: string }) => role === 'leader').length, 1)
  t.match(await ok('cluster', 'describe'), /NODE +ADDRESS +RACK +ROLES +STATE\n +1 /)
  t.match(await ok('quorum', 'status'), /NODE +ROLE +END +LAG +CAUGHT UP +DIRECTORY\n/)
  t.match(await run(['cluster', 'unregister', '2', '--yes']), {
    code: 1,
    err: /broker 2 runs: stop it first/,
  })
  t.match(await run(['quorum', 'remove', '9', '--yes']), { code: 1, err: /node 9 does not vote/ })
  t.match(await run(['quorum', 'add', '9']), { code: 1, err: /node 9 does not follow/ })
})

t.test('replicas move by a plan, which is only shown unless --execute', async t => {
  await ok('topics', 'create', 'moving', '--assignment', '1:2,2:1')
  await run(['produce', 'moving'], 'a\nb\nc\n')
  const shown = await run(['reassign', 'move', 'moving', '--to', '2-3'])
  t.match(shown.out, /TOPIC +PARTITION +FROM +TO +ADDS +REMOVES\nmoving +0 +1,2 /)
  t.match(shown.err, /Nothing was changed/)
  t.same(await replicasOf('moving'), [
    [1, 2],
    [2, 1],
  ])
  const plan = await ok('reassign', 'move', 'moving', '--to', '2-3', '--json')
  const path = file('plan.json', JSON.parse(plan))
  const done = await run(['reassign', 'move', '--plan', path, '--throttle', '50MB', '--execute'])
  t.match(done, { code: 0, err: /2 partitions move/ })
  const verified = await run(['reassign', 'verify', '--wait'])
  t.match(verified, { code: 0, out: /Nothing moves/ })
  t.match(verified.out, /Removed the throttle of topic moving/)
  t.notMatch(await ok('configs', 'get', 'broker/2'), /throttled/)
  for (const replicas of await replicasOf('moving')) t.same(replicas.toSorted(), [2, 3])
  t.match(await run(['reassign', 'list']), { code: 0, out: '', err: 'Nothing moves.\n' })
  t.match(await run(['reassign', 'cancel', '--all']), { code: 0, err: 'Nothing moves.\n' })
  t.match(await run(['reassign', 'move', 'moving', '--to', '2-3']), { err: /there already/ })
  t.match(await run(['reassign', 'move', 'moving', '--to', '7']), {
    code: 1,
    err: /broker 7 is not in the cluster/,
  })
  t.match(await run(['reassign', 'move', 'moving', '--to', '1', '-r', '2']), {
    code: 1,
    err: /2 replicas need as many brokers, and there are 1/,
  })
})

t.test('partitions in need are found, and their leaders given back', async t => {
  await ok('topics', 'create', 'safe', '-p', '3', '-r', '3', '-c', 'min.insync.replicas=2')
  t.match(await run(['topics', 'describe', '--under-replicated']), {
    code: 0,
    out: '',
    err: 'No partition is under-replicated.\n',
  })
  const broker = weir.brokers.find(candidate => candidate.id === 3)
  await broker?.kill()
  await until('broker 3 is fenced', async () =>
    /3 +\S+ +\S+ +\S+ +fenced/.test(await ok('cluster', 'describe')),
  )
  const inNeed = await ok('topics', 'describe', 'safe', '--under-replicated', '--at-min-isr')
  t.equal(inNeed.match(/^safe /gm)?.length, 3)
  t.equal(await ok('topics', 'describe', '--under-min-isr', '--json'), '[]\n')
  await broker?.restart()
  await until('all are in sync', async () => {
    return (await ok('topics', 'describe', '--under-replicated', '--json')) === '[]\n'
  })
  t.match(await ok('elect-leaders', 'safe'), /Elected a leader of safe-\d\n/)
  t.match(await run(['elect-leaders', 'safe']), { code: 0, err: 'No election was needed.\n' })
  t.match(await run(['elect-leaders', 'safe', '--unclean']), { code: 1, err: /add --yes/ })
})

t.test('the drop-in scripts for a cluster', async t => {
  const status = await tool('kafka-metadata-quorum', 'describe', '--status')
  t.match(status.out, /^ClusterId: +\S+\nLeaderId: +\d\n[\s\S]*CurrentVoters: +\[\{"id": \d, "d/)
  const replication = await tool('kafka-metadata-quorum', 'describe', '--replication')
  t.match(replication.out, /\tLeader {2}\t\n.*\tFollower\t\n.*\tFollower\t\n$/)
  t.match(await tool('kafka-metadata-quorum', 'describe'), { code: 1, err: /^One of --status/ })
  const plan = { version: 1, partitions: [{ topic: 'safe', partition: 0, replicas: [2, 3] }] }
  const json = ['--reassignment-json-file', file('tool.json', plan)]
  const reassign = (...words: string[]) => tool('kafka-reassign-partitions', ...words)
  t.match(await reassign(...json, '--execute'), {
    code: 0,
    out: /^Current partition replica assignment\n\n\{"version":1.*\n\n.*\nSuccessfully started partition reassignment for safe-0\n$/,
  })
  await until('it is completed', async () => {
    return (await reassign(...json, '--verify')).out.includes('safe-0 is completed.\n')
  })
  t.match(await reassign('--list'), { out: 'No partition reassignments found.\n' })
  t.match(await reassign('--list', '--verify'), { code: 1, err: /exactly one action/ })
  const elect = await tool(
    'kafka-leader-election',
    ...['--election-type', 'preferred', '--topic', 'none', '--partition', '0'],
  )
  t.match(elect, { code: 1, out: /^Error completing leader election \(PREFERRED\) for partition/ })
  const io = memoryIo('')
  t.equal(await runKafkaTool(io, 'kafka-cluster', ['cluster-id', '-b', weir.bootstrap]), 0)
  t.match(io.stdout.text, /^Cluster ID: \S{22}\n$/)
  t.match(await tool('kafka-features', 'describe'), {
    code: 0,
    out: /Feature: metadata\.version .*FinalizedVersionLevel: 4\.3-IV0/,
  })
  const dirs = await tool('kafka-log-dirs', '--describe', '--topic-list', 'safe')
  const { brokers } = JSON.parse(dirs.out.split('\n')[2] ?? '')
  t.same(
    brokers.map(({ broker }: { broker: number }) => broker),
    [1, 2, 3],
  )
})
