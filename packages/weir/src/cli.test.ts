// The command line against a node in this process.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '@weir/cli'
import { memoryIo } from '@weir/cli/testing'
import t from 'tap'
import { startWeir } from './start-weir.ts'
import { startCliNode } from './testing/cli-node.ts'

const node = await startCliNode()
const { dataDirectory, ok, run, weir } = node
t.teardown(() => node.stop())

t.test('topics are created, listed, described, altered and deleted', async t => {
  t.equal(
    await ok('topics', 'create', 'life', '-p', '2', '-c', 'retention.ms=86400000'),
    'Created life: 2 partitions, 1 replica\n',
  )
  const again = await run(['topics', 'create', 'life'])
  t.match(again, { code: 1, err: /already exists/ })
  t.equal((await run(['topics', 'create', 'life', '--if-not-exists'])).code, 0)
  t.match(await ok('topics', 'list'), /TOPIC +PARTITIONS.*\nlife +2 +1 +0\n/)
  t.match(JSON.parse(await ok('topics', 'describe', 'life', '--json')), [
    { name: 'life', configs: { 'retention.ms': '86400000' }, partitions: [{ leader: 1 }, {}] },
  ])
  t.match(await ok('topics', 'alter', 'life', '-p', '3'), /now has 3 partitions/)
  t.match(await run(['topics', 'alter', 'life', '-p', '1']), {
    code: 1,
    err: /cannot be taken away/,
  })
  t.match(await run(['topics', 'delete', 'life']), { code: 1, err: /add --yes/ })
  t.match(await run(['topics', 'describe', 'lief']), { code: 1, err: /did you mean 'life'/ })
  t.equal(await ok('topics', 'delete', 'life', '--yes'), 'Deleted life\n')
  t.equal(await ok('topics', 'list', '--names'), '')
})

t.test('what is produced is consumed, with keys, headers and every compression', async t => {
  await ok('topics', 'create', 'data', '-p', '1')
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const sent = await run(
      ['produce', 'data', '-K', ':', '-z', codec, '--json'],
      `${codec}:1\n${codec}:2\n`,
    )
    t.match(sent, { code: 0, out: /"records":2/ })
  }
  const json = '{"key":"j","value":{"n":1},"headers":{"h":"x"},"timestamp":1700000000000}\n'
  t.equal((await run(['produce', 'data', '-i', 'json'], json)).code, 0)
  t.equal((await run(['produce', 'data', '-1'], Buffer.from([0, 255, 10]))).code, 0)
  t.equal(
    await ok('consume', 'data', '--from', 'earliest', '-e', '-n', '3', '-f', '%o %k=%s\\n'),
    '0 none=1\n1 none=2\n2 gzip=1\n',
  )
  const lines = (await ok('consume', 'data', '--from', '10', '-e', '--json')).trimEnd().split('\n')
  t.match(
    lines.map(line => JSON.parse(line)),
    [
      { offset: 10, key: 'j', value: '{"n":1}', headers: { h: 'x' }, timestamp: 1700000000000 },
      { offset: 11, key: null, value: null, valueBase64: 'AP8K' },
    ],
  )
  t.equal(await ok('consume', 'data', '--from', '-2', '--to', '11', '-f', '%o,'), '10,')
  t.match(await ok('offsets', 'data'), /data +0 +0 +12 +12\n/)
  t.match(await run(['produce', 'data', '-K', ':'], 'a:1\nno key\nb:2\n'), {
    code: 1,
    err: /line 2 has no key/,
  })
  t.match(await ok('consume', 'data', '--from', '-1', '-e', '--keys'), 'a\t1\n')
})

t.test(
  'what cannot be read, sent or reached is given up after --timeout, in a sentence',
  async t => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-cli-'))
    t.teardown(() => rmSync(directory, { recursive: true, force: true }))
    const settings = { 'num.partitions': 1 }
    let node = await startWeir({ storage: directory, settings })
    const said = async (words: string[], input = '') => {
      const io = memoryIo(input, { WEIR_BOOTSTRAP: node.bootstrap })
      const code = await runCli(words, { io, version: '1' })
      return { code, err: io.stderr.text }
    }
    t.match(await said(['topics', 'create', 'hurt']), { code: 0 })
    t.match(await said(['produce', 'hurt'], 'a\nb\n'), { code: 0 })
    t.match(await said(['produce', 'hurt', '-i', 'json'], '{"value":"c"}\nx'), {
      code: 1,
      err: /line 2 is not JSON: .*; 1 sent before it/,
    })
    await node.stop()
    const segment = join(directory, 'hurt-0', '00000000000000000000.log')
    const bytes = readFileSync(segment)
    bytes[65] = 255
    writeFileSync(segment, bytes)
    node = await startWeir({ storage: directory, settings })
    t.match(await said(['consume', 'hurt', '--from', 'earliest', '-e', '--timeout', '300ms']), {
      code: 1,
      err: /CORRUPT_MESSAGE at offset 0 of hurt-0; it is damaged .*'weir doctor --data-dir/,
    })
    await node.stop()
  },
)

t.test('what changes something says it as JSON, too', async t => {
  const json = async (...words: string[]) => JSON.parse(await ok(...words, '--json'))
  await ok('topics', 'create', 'said')
  t.same(await json('topics', 'alter', 'said', '-p', '3', '-c', 'retention.ms=5'), {
    name: 'said',
    partitions: { before: 1, after: 3 },
    configs: { 'retention.ms': '5' },
  })
  const resource = { type: 'topic', name: 'said' }
  t.same(await json('configs', 'set', 'topic/said', 'retention.ms=6', '--dry-run'), {
    resource,
    changes: [{ name: 'retention.ms', value: '6' }],
    dryRun: true,
  })
  t.same(await json('configs', 'unset', 'topic/said', 'retention.ms'), {
    resource,
    changes: [{ name: 'retention.ms', value: null }],
  })
  await ok('groups', 'reset-offsets', 'said', 'said', '--to', 'earliest', '--execute')
  t.same(await json('groups', 'delete', 'said', '-y'), [{ name: 'said', error: null }])
  t.same(await json('topics', 'delete', 'said', '-y'), [{ name: 'said', error: null }])
  t.same(await json('topics', 'delete', 'said', '-y', '--if-exists'), [])
})

t.test('a group consumes, shows its lag, and is reset, then deleted', async t => {
  await ok('topics', 'create', 'work', '-p', '2')
  await run(['produce', 'work', '-p', '0'], 'a\nb\nc\nd\n')
  await run(['produce', 'work', '-p', '1'], 'e\nf\n')
  const read = await ok('consume', 'work', '-g', 'crew', '--from', 'earliest', '-e')
  t.same(read.trimEnd().split('\n').sort(), ['a', 'b', 'c', 'd', 'e', 'f'])
  await run(['produce', 'work', '-p', '1'], 'g\n')
  t.match(await ok('groups', 'list'), /crew +Empty +classic +consumer/)
  const [described] = JSON.parse(await ok('groups', 'describe', 'crew', '--json'))
  t.match(described.partitions, [
    { partition: 0, committed: 4, endOffset: 4, lag: 0 },
    { partition: 1, committed: 2, endOffset: 3, lag: 1 },
  ])
  const plan = await run(['groups', 'reset-offsets', 'crew', 'work:0', '--to', '1'])
  t.match(plan, { code: 0, out: /work +0 +4 +1/, err: /add --execute/ })
  t.match(await ok('groups', 'describe', 'crew'), /work +0 +4 +4 +0/, 'nothing was changed')
  await ok('groups', 'reset-offsets', 'crew', '--shift', '-1', '--execute')
  const file = join(t.testdir(), 'plan.csv')
  writeFileSync(file, 'work,0,2\n')
  await ok('groups', 'reset-offsets', 'crew', '--file', file, '--execute')
  t.same(
    JSON.parse(await ok('groups', 'describe', 'crew', '--json'))[0].partitions.map(
      (row: { committed: number }) => row.committed,
    ),
    [2, 1],
  )
  const rest = await ok('consume', 'work', '-g', 'crew', '-e')
  t.same(rest.trimEnd().split('\n').sort(), ['c', 'd', 'f', 'g'])
  t.match(await run(['groups', 'describe', 'crow']), { code: 1, err: /did you mean 'crew'/ })
  t.equal(await ok('groups', 'delete', 'crew', '-y'), 'Deleted crew\n')
})

t.test('a group with members is shown, and not reset; Ctrl-C lets it leave', async t => {
  await ok('topics', 'create', 'live', '-p', '1')
  const io = memoryIo('', { WEIR_BOOTSTRAP: weir.bootstrap })
  const seen = new Promise<void>(resolve =>
    io.stdout.onText(text => text.includes('now') && resolve()),
  )
  const consuming = runCli(['consume', 'live', '-g', 'watchers', '--from', 'earliest'], {
    io,
    version: '1',
  })
  await run(['produce', 'live'], 'now\n')
  await seen
  const members = JSON.parse(await ok('groups', 'members', 'watchers', '--json'))
  t.match(members, [{ clientId: 'weir-cli', assignment: [{ topic: 'live', partition: 0 }] }])
  const refused = await run([
    'groups',
    'reset-offsets',
    'watchers',
    'live',
    '--to',
    'earliest',
    '--execute',
  ])
  t.match(refused, { code: 1, err: /Stable with 1 members: stop them/ })
  t.match(await run(['groups', 'delete', 'watchers', '-y']), { code: 1, err: /has 1 members/ })
  io.interrupt.abort()
  t.equal(await consuming, 0)
  t.match(await ok('groups', 'describe', 'watchers', '--json'), /"state": "Empty"/)
  t.match(JSON.parse(await ok('groups', 'describe', 'watchers', '--json')), [
    { partitions: [{ committed: 1 }] },
  ])
})

t.test('settings are set, read, checked and unset', async t => {
  await ok('topics', 'create', 'conf')
  await ok('configs', 'set', 'topic/conf', 'retention.ms=5000', 'cleanup.policy=compact,delete')
  t.match(await ok('configs', 'get', 'topic/conf'), /retention\.ms +5000 +topic +/)
  t.match(await run(['configs', 'set', 'topic/conf', 'retention.ms=soon']), {
    code: 1,
    err: /Not a number of type LONG/,
  })
  t.match(await run(['configs', 'get', 'topic/conf', 'retention.mss']), {
    code: 1,
    err: /did you mean/,
  })
  await ok('configs', 'unset', 'topic/conf', 'retention.ms', 'cleanup.policy')
  t.notMatch(await ok('configs', 'get', 'topic/conf'), /retention|cleanup/)
  for (const words of [
    ['configs', 'set', 'topic/conf', 'retention.sm=1'],
    ['topics', 'alter', 'conf', '-c', 'retention.sm=1'],
    ['topics', 'create', 'conf2', '-c', 'retention.sm=1'],
  ]) {
    t.match(await run(words), { code: 1, err: /did you mean 'retention\.ms'\?/ }, words.join(' '))
  }
  t.match(await run(['configs', 'get', 'topic/none']), { code: 1, err: /does not exist/ })
})

t.test('the cluster is described and found well', async t => {
  t.match(JSON.parse(await ok('cluster', 'describe', '--json')), {
    clusterId: weir.clusterId,
    nodes: [
      { nodeId: 1, port: weir.port, roles: ['broker', 'controller'], isActiveController: true },
    ],
  })
  t.match(JSON.parse(await ok('quorum', 'status', '--json')), {
    leaderId: 1,
    replicas: [{ nodeId: 1, role: 'leader', lag: 0 }],
  })
  const { code, out } = await run(['doctor'])
  t.equal(code, 0, out)
  t.match(out, /^ok {3}bootstrap address/)
  t.match(await ok('doctor', '--data-dir', dataDirectory), /belongs to node 1 of cluster/)
})

t.test('segment files of the broker are dumped and verified', async t => {
  await ok('topics', 'create', 'dumped', '-p', '1')
  await run(['produce', 'dumped', '-k', 'key'], 'hello\n')
  const segment = join(dataDirectory, 'dumped-0', `${'0'.repeat(20)}.log`)
  t.match(
    await ok('log', 'dump', segment, '-r'),
    /offsets 0-0 .*crc ok[\s\S]*key key {2}value hello/,
  )
  t.match(await ok('log', 'dump', segment, '--verify'), /1 batches, 1 records/)
})

t.test('lag is told in time; offsets are exported and imported as they were', async t => {
  await ok('topics', 'create', 'aged', '--partitions', '2')
  await run(['produce', 'aged', '-p', '0'], 'a\nb\nc\n')
  const file = join(dataDirectory, 'aged.json')
  const exported = {
    format: 'weir-group-offsets',
    version: 1,
    groups: [
      {
        group: 'old',
        offsets: [
          { topic: 'aged', partition: 0, offset: 1, leaderEpoch: 0, metadata: 'a "note"' },
          { topic: 'aged', partition: 1, offset: 7, leaderEpoch: -1, metadata: '' },
        ],
      },
    ],
  }
  writeFileSync(file, JSON.stringify(exported))
  const plan = await run(['groups', 'import', file])
  t.match(plan, {
    code: 0,
    err: /Nothing was changed/,
    out: /old +aged +1 +- +7 +beyond the end, 0/,
  })
  t.match(await run(['groups', 'export', 'old']), { code: 1, err: /group 'old' does not exist/ })
  t.match(await run(['groups', 'import', file, '--execute']), { err: /Committed 2 offsets/ })
  t.same(JSON.parse(await ok('groups', 'export', 'old')), exported)
  t.equal(await ok('groups', 'export', 'old', '--csv'), 'old,aged,0,1\nold,aged,1,7\n')
  writeFileSync(file, '"a ""b"", c",aged,0,3\n')
  await ok('groups', 'import', file, '--execute')
  t.equal(await ok('groups', 'export', 'a "b", c', '--csv'), '"a ""b"", c",aged,0,3\n')
  const [described] = JSON.parse(await ok('groups', 'describe', 'old', '--json'))
  t.equal(described.lag, 2)
  const [behind, level] = described.partitions
  t.ok(behind.lagSeconds >= 0 && behind.lagSeconds < 600, `${behind.lagSeconds} s behind`)
  t.equal(described.lagSeconds, behind.lagSeconds)
  t.equal(level.lagSeconds, 0)
  t.match(await run(['groups', 'export']), { code: 2, err: /name groups, or say --all/ })
  writeFileSync(file, 'old,aged,x\n')
  t.match(await run(['groups', 'import', file]), { code: 1, err: /line 1 is not GROUP,TOPIC/ })
  writeFileSync(file, '{"format":"weir-group-offsets","groups":[{"group":"g","offsets":[{}]}]}')
  t.match(await run(['groups', 'import', file]), { code: 1, err: /an offset that is none/ })
  writeFileSync(file, 'a,aged,0,1\nb,aged,0,1\n')
  t.match(await run(['groups', 'import', file, '--group', 'c']), { code: 2, err: /has 2/ })
})

t.test('completion has the names of topics and groups', async t => {
  await ok('topics', 'create', 'complete-me')
  t.equal(await ok('--get-completions', 'topics', 'describe', 'compl'), 'complete-me\n')
  t.equal(await ok('--get-completions', 'configs', 'get', 'topic/compl'), 'topic/complete-me\n')
  const [group] = (await ok('--get-completions', 'groups', 'reset-offsets', '')).split('\n')
  t.ok(group)
  const words = ['--get-completions', 'groups', 'reset-offsets', group ?? '', 'compl']
  t.equal(await ok(...words), 'complete-me\n')
})

t.test('a name that a shell would run is not completed', async t => {
  await ok('topics', 'create', 'named')
  const file = join(dataDirectory, 'named.csv')
  writeFileSync(
    file,
    '"$(touch x)",named,0,0\n"`id`",named,0,0\n"named;id",named,0,0\nnamed-1,named,0,0\n',
  )
  await ok('groups', 'import', file, '--execute')
  t.match(await ok('groups', 'list'), /touch x/)
  const names = (await ok('--get-completions', 'groups', 'describe', '')).trimEnd().split('\n')
  t.ok(names.includes('named-1'))
  t.same(
    names.filter(name => /[$`;]/.test(name)),
    [],
  )
})
