// The drop-in scripts against a node in this process.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCliNode } from './testing/cli-node.ts'

const node = await startCliNode()
const { ok, run, tool } = node
t.teardown(() => node.stop())

t.test('kafka-topics, -console-producer and -console-consumer as scripts use them', async t => {
  t.match(await tool('kafka-topics.sh', ['--create', '--topic', 'java', '--partitions', '1']), {
    code: 0,
    out: 'Created topic java.\n',
  })
  t.match(await tool('kafka-topics', ['--create', '--topic', 'java']), {
    code: 1,
    out: "Error while executing topic command : Topic 'java' already exists.\n",
  })
  const described = await tool('kafka-topics', ['--describe', '--topic', 'java'])
  t.match(
    described.out,
    /^Topic: java\tTopicId: \S{22}\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: .*\n\tTopic: java\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: .*\tLastKnownElr: .*\n$/,
  )
  const properties = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=:']
  const produced = await tool(
    'kafka-console-producer',
    ['--topic', 'java', ...properties],
    'a:1\nb:2\n',
  )
  t.match(produced, { code: 0, out: '', err: '' })
  const consumed = await tool('kafka-console-consumer', [
    '--topic',
    'java',
    '--from-beginning',
    '--max-messages',
    '2',
    '--formatter-property',
    'print.key=true',
  ])
  t.match(consumed, { code: 0, out: 'a\t1\nb\t2\n', err: 'Processed a total of 2 messages\n' })
  t.match(await tool('kafka-get-offsets', ['--topic', 'java']), { code: 0, out: 'java:0:2\n' })
  const dirs = ['--describe', '--topic-list', 'java,none']
  t.match(await tool('kafka-log-dirs', dirs), {
    code: 0,
    out: /"partitions":\[\{"partition":"java-0"/,
  })
})

t.test('kafka-consumer-groups, -configs and -delete-records as scripts use them', async t => {
  await ok('topics', 'create', 'jg', '-p', '1')
  await run(['produce', 'jg'], 'a\nb\nc\n')
  await ok('consume', 'jg', '-g', 'jgroup', '--from', 'earliest', '-n', '2')
  const described = await tool('kafka-consumer-groups', ['--describe', '--group', 'jgroup'])
  t.match(described.out, /\njgroup +jg +0 +2 +3 +1 +- +- +-\n$/)
  const half = ['--describe', '--group', 'jgroup', '--group', 'nobody']
  t.match(await tool('kafka-consumer-groups', half), {
    out: /^\nError: Executing consumer group command failed .* Group nobody not found\.\n/,
  })
  const reset = await tool('kafka-consumer-groups', [
    '--reset-offsets',
    '--group',
    'jgroup',
    '--topic',
    'jg',
    '--to-earliest',
    '--execute',
  ])
  t.match(reset.out, /NEW-OFFSET\njgroup +jg +0 +0\n/)
  const config = ['--entity-type', 'topics', '--entity-name', 'jg']
  t.match(await tool('kafka-configs', [...config, '--alter', '--add-config', 'retention.ms=777']), {
    code: 0,
    out: 'Completed updating config for topic jg.\n',
  })
  t.match(
    (await tool('kafka-configs', [...config, '--describe'])).out,
    /retention\.ms=777 sensitive/,
  )
  const file = join(t.testdir(), 'offsets.json')
  writeFileSync(file, '{"version":1,"partitions":[{"topic":"jg","partition":0,"offset":2}]}')
  const deleted = await tool('kafka-delete-records', ['--offset-json-file', file])
  t.match(deleted.out, /partition: jg-0\tlow_watermark: 2\n$/)
  t.match(await tool('kafka-consumer-groups', ['--delete', '--group', 'nobody']), {
    code: 0,
    out: /'nobody' could not be deleted due to: org\.apache\.kafka\.common\.errors\.GroupIdNotFoundException/,
  })
})
