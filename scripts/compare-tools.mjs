#!/usr/bin/env node
// Runs the Java command-line tools and our drop-in scripts (packages/weir/bin/kafka) with the same
// arguments against one broker and compares exit code and standard output, and says what each took.
//
//   node scripts/compare-tools.mjs --bootstrap 127.0.0.1:9092 [--brokers 1,2,3] [--only TEXT] [--recorded FILE] [--verbose]
//
// --brokers are the ids of the cluster's brokers, 1 alone unless told.
// Each side works on topics and groups of its own, whose names differ in one letter; what must differ
// (ids, times, that letter) is replaced before comparing. `--recorded FILE` keeps what the Java tools
// answered (they take seconds each) and uses it again when the file is there and has the invocation.
// The jars are looked for in ${WEIR_CONFORMANCE_CACHE:-~/.cache/weir-conformance}/java/lib.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOptions } from './options.mjs'

const options = readOptions({
  bootstrap: { type: 'string', default: process.env.WEIR_BOOTSTRAP ?? '127.0.0.1:9092' },
  only: { type: 'string' },
  brokers: { type: 'string', default: '1' },
  recorded: { type: 'string' },
  java: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
})

const cache = process.env.WEIR_CONFORMANCE_CACHE ?? join(homedir(), '.cache/weir-conformance')
const scripts = fileURLToPath(new URL('../packages/weir/bin/kafka/', import.meta.url))
const run = Math.random().toString(36).slice(2, 8)
const folder = mkdtempSync(join(tmpdir(), 'compare-tools-'))

const MAIN_CLASSES = {
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
}

// The tools' own logging goes to standard error, as the configuration that Kafka ships with does it.
writeFileSync(
  join(folder, 'log4j2.properties'),
  `status=error
appender.err.type=Console
appender.err.name=err
appender.err.target=SYSTEM_ERR
appender.err.layout.type=PatternLayout
appender.err.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=warn
rootLogger.appenderRef.err.ref=err
`,
)

/** Invocations in order; $T and $G are the side's own topic and group, $F its folder. */
const B = ['--bootstrap-server', options.bootstrap]
const topics = (...args) => ({ tool: 'kafka-topics', args: [...B, ...args] })
const groups = (...args) => ({ tool: 'kafka-consumer-groups', args: [...B, ...args] })
const configs = (...args) => ({ tool: 'kafka-configs', args: [...B, ...args] })
const offsets = (...args) => ({ tool: 'kafka-get-offsets', args: [...B, ...args] })
const produce = (stdin, ...args) => ({
  tool: 'kafka-console-producer',
  args: [...B, ...args],
  stdin,
})
const consume = (...args) => ({ tool: 'kafka-console-consumer', args: [...B, ...args] })
const deleteRecords = (file, json) => ({
  tool: 'kafka-delete-records',
  args: [...B, '--offset-json-file', `$F/${file}`],
  files: { [file]: json },
})

const tool = (name, ...args) => ({ tool: name, args: [...B, ...args] })
const reassign = (file, json, ...args) => ({
  ...tool('kafka-reassign-partitions', ...args),
  files: { [file]: JSON.stringify(json) },
})
const electFile = (file, json, ...args) => ({
  ...tool('kafka-leader-election', ...args, '--path-to-json-file', `$F/${file}`),
  files: { [file]: JSON.stringify(json) },
})

/** The lines may come in any order. */
const anyOrder = invocation => ({ ...invocation, isLoose: true })

const INVOCATIONS = [
  topics(
    '--create',
    '--topic',
    '$T',
    '--partitions',
    '3',
    '--replication-factor',
    '1',
    '--config',
    'retention.ms=86400000',
  ),
  topics('--create', '--topic', '$T', '--partitions', '3'),
  topics('--create', '--topic', '$T', '--if-not-exists'),
  topics('--create', '--topic', '$T.dots_too'),
  topics('--create', '--topic', '$T-five', '--replication-factor', '5'),
  topics('--create', '--topic', 'bad*name'),
  topics('--create', '--topic', '$T-conf', '--config', 'retention.ms=soon'),
  topics('--create', '--topic', '$T-assigned', '--replica-assignment', '1,1'),
  anyOrder(topics('--list')),
  anyOrder(topics('--list', '--exclude-internal')),
  anyOrder(topics('--list', '--topic', '$T.*')),
  topics('--describe', '--topic', '$T'),
  anyOrder(topics('--describe', '--topic', '$T.*')),
  topics('--describe', '--topic', '$T-missing'),
  topics('--describe', '--topic', '$T-missing', '--if-exists'),
  topics('--describe', '--topics-with-overrides', '--topic', '$T'),
  topics('--describe', '--under-replicated-partitions'),
  topics('--describe', '--unavailable-partitions'),
  topics('--alter', '--topic', '$T', '--partitions', '4'),
  topics('--alter', '--topic', '$T', '--partitions', '2'),
  topics('--alter', '--topic', '$T-missing', '--partitions', '2'),
  topics('--alter', '--topic', '$T-missing', '--partitions', '2', '--if-exists'),
  topics('--create'),
  topics('--create', '--list'),
  topics('--creat', '--topic', '$T'),
  topics('--wrong'),
  { tool: 'kafka-topics', args: ['--list'] },
  { tool: 'kafka-topics', args: ['--version'] },
  { tool: 'kafka-topics', args: ['--help'] },
  topics('--create', '--topic', '$T-one', '--partitions', '1'),
  produce('alpha\nbeta\ngamma\ndelta\nepsilon\n', '--topic', '$T-one'),
  produce(
    'k1:v1\nk2:v2\n',
    '--topic',
    '$T-one',
    '--reader-property',
    'parse.key=true',
    '--reader-property',
    'key.separator=:',
  ),
  produce(
    'h1:x,h2:y\tk3:v3\n',
    '--topic',
    '$T-one',
    '--property',
    'parse.key=true',
    '--property',
    'key.separator=:',
    '--property',
    'parse.headers=true',
  ),
  produce('no separator\n', '--topic', '$T-one', '--reader-property', 'parse.key=true'),
  produce('', '--topic', '$T-one', '--compression-codec', 'wrong'),
  produce(
    'zipped\n',
    '--topic',
    '$T-one',
    '--compression-codec',
    'gzip',
    '--command-property',
    'acks=1',
  ),
  { tool: 'kafka-console-producer', args: [...B] },
  consume('--topic', '$T-one', '--from-beginning', '--max-messages', '9'),
  consume('--topic', '$T-one', '--partition', '0', '--offset', '2', '--max-messages', '3'),
  consume(
    '--topic',
    '$T-one',
    '--from-beginning',
    '--max-messages',
    '8',
    '--formatter-property',
    'print.key=true',
    '--formatter-property',
    'print.offset=true',
    '--formatter-property',
    'print.partition=true',
    '--formatter-property',
    'print.headers=true',
    '--formatter-property',
    'key.separator=|',
  ),
  consume(
    '--topic',
    '$T-one',
    '--from-beginning',
    '--max-messages',
    '2',
    '--formatter-property',
    'print.timestamp=true',
    '--formatter-property',
    'print.value=false',
    '--formatter-property',
    'line.separator=;',
  ),
  consume('--topic', '$T-one', '--from-beginning', '--timeout-ms', '1500'),
  consume(
    '--topic',
    '$T-one',
    '--group',
    '$G',
    '--from-beginning',
    '--max-messages',
    '5',
    '--timeout-ms',
    '15000',
  ),
  consume('--topic', '$T-one', '--offset', '2'),
  consume('--from-beginning'),
  anyOrder(groups('--list')),
  anyOrder(groups('--list', '--state')),
  groups('--describe', '--group', '$G'),
  groups('--describe', '--group', '$G', '--state'),
  groups('--describe', '--group', '$G', '--members'),
  groups('--describe', '--group', '$G', '--members', '--verbose'),
  groups('--describe', '--group', '$G', '--verbose'),
  groups('--describe', '--group', '$G-missing'),
  groups('--group', '$G', '--topic', '$T-one', '--reset-offsets', '--to-earliest'),
  groups('--group', '$G', '--topic', '$T-one', '--reset-offsets', '--to-earliest', '--execute'),
  groups('--group', '$G', '--topic', '$T-one', '--reset-offsets', '--to-latest', '--execute'),
  groups(
    '--group',
    '$G',
    '--topic',
    '$T-one:0',
    '--reset-offsets',
    '--shift-by',
    '-3',
    '--execute',
  ),
  groups('--group', '$G', '--topic', '$T-one', '--reset-offsets', '--to-offset', '99', '--dry-run'),
  groups(
    '--group',
    '$G',
    '--topic',
    '$T-one',
    '--reset-offsets',
    '--to-datetime',
    '2020-01-01T00:00:00.000',
    '--dry-run',
  ),
  groups(
    '--group',
    '$G',
    '--topic',
    '$T-one',
    '--reset-offsets',
    '--by-duration',
    'PT0S',
    '--dry-run',
  ),
  groups(
    '--group',
    '$G',
    '--all-topics',
    '--reset-offsets',
    '--to-current',
    '--export',
    '--dry-run',
  ),
  {
    ...groups('--group', '$G', '--reset-offsets', '--from-file', '$F/plan.csv', '--dry-run'),
    files: { 'plan.csv': '$T-one,0,2\n' },
  },
  groups('--group', '$G', '--reset-offsets', '--to-earliest'),
  groups('--group', '$G', '--topic', '$T-one', '--reset-offsets'),
  groups('--delete-offsets', '--group', '$G', '--topic', '$T-one'),
  groups('--delete', '--group', '$G'),
  groups('--delete', '--group', '$G-missing'),
  groups('--describe'),
  configs('--entity-type', 'topics', '--entity-name', '$T', '--describe'),
  configs(
    '--entity-type',
    'topics',
    '--entity-name',
    '$T',
    '--alter',
    '--add-config',
    'retention.ms=777,cleanup.policy=[compact,delete]',
  ),
  configs('--topic', '$T', '--describe'),
  configs(
    '--entity-type',
    'topics',
    '--entity-name',
    '$T',
    '--alter',
    '--delete-config',
    'retention.ms',
  ),
  configs(
    '--entity-type',
    'topics',
    '--entity-name',
    '$T',
    '--alter',
    '--add-config',
    'retention.ms=soon',
  ),
  configs(
    '--entity-type',
    'topics',
    '--entity-name',
    '$T',
    '--alter',
    '--delete-config',
    'flush.ms',
  ),
  configs('--entity-type', 'topics', '--entity-name', '$T', '--describe', '--all'),
  configs('--entity-type', 'topics', '--entity-name', '$T-missing', '--describe'),
  configs('--entity-type', 'brokers', '--entity-name', '1', '--describe'),
  configs('--entity-type', 'brokers', '--entity-default', '--describe'),
  configs('--entity-type', 'wrong', '--describe'),
  offsets('--topic', '$T-one'),
  offsets('--topic', '$T'),
  offsets('--topic', '$T-one', '--time', 'earliest'),
  offsets('--topic', '$T-one', '--time', '-3'),
  offsets('--topic', '$T-one', '--time', '1'),
  offsets('--topic-partitions', '$T:1-3'),
  offsets('--topic', '$T-missing'),
  offsets('--topic', '$T-one', '--time', 'never'),
  deleteRecords(
    'trim.json',
    '{"version":1,"partitions":[{"topic":"$T-one","partition":0,"offset":3}]}',
  ),
  deleteRecords(
    'beyond.json',
    '{"version":1,"partitions":[{"topic":"$T-one","partition":0,"offset":99}]}',
  ),
  deleteRecords('broken.json', '{"version":1'),
  offsets('--topic', '$T-one', '--time', 'earliest'),
  // Rarer options.
  topics('--create', '--topic', '$T-more', '--partitions', '2', '--config', 'segment.ms=3600000'),
  topics('--alter', '--topic', '$T-more', '--partitions', '3', '--replica-assignment', '1,1,1'),
  topics('--describe', '--topic', '$T-more', '--at-min-isr-partitions'),
  topics('--describe', '--topic', '$T-more', '--under-min-isr-partitions'),
  topics('--describe', '--topic', '$T-more', '--exclude-internal'),
  topics('--describe', '--topic-id', 'AAAAAAAAAAAAAAAAAAAAAQ'),
  topics('--create', '--topic', '$T-x', '--partitions', '0'),
  topics('--create', '--topic', '$T-x', '--replication-factor', '0'),
  topics('--create', '--topic', '$T-x', '--config', 'no.such.config=1'),
  topics('--alter', '--topic', '$T-more', '--config', 'a=b'),
  produce(
    'x;a\ny;NULL\nk;c\n',
    '--topic',
    '$T-more',
    '--reader-property',
    'null.marker=NULL',
    '--reader-property',
    'parse.key=true',
    '--reader-property',
    'key.separator=;',
    '--reader-property',
    'ignore.error=true',
  ),
  anyOrder(
    consume(
      '--include',
      '$T-mo.*',
      '--from-beginning',
      '--max-messages',
      '3',
      '--formatter-property',
      'print.key=true',
      '--formatter-property',
      'null.literal=<none>',
      '--isolation-level',
      'read_committed',
    ),
  ),
  consume('--topic', '$T-more', '--partition', '0', '--offset', 'latest', '--timeout-ms', '500'),
  consume('--topic', '$T-more', '--partition', '0', '--offset', 'sometime'),
  consume(
    '--topic',
    '$T-more',
    '--formatter',
    'org.example.None',
    '--from-beginning',
    '--max-messages',
    '1',
  ),
  offsets('--topic', '$T-more', '--partitions', '0,2'),
  offsets('--topic-partitions', '$T-more:0,$T-one:'),
  offsets('--topic-partitions', '$T-more:-1'),
  offsets('--topic', '$T-more', '--topic-partitions', '$T-more:0'),
  anyOrder(offsets('--topic', '$T.*', '--exclude-internal-topics')),
  anyOrder(
    consume(
      '--topic',
      '$T-more',
      '--group',
      '$G2',
      '--from-beginning',
      '--max-messages',
      '3',
      '--timeout-ms',
      '15000',
    ),
  ),
  anyOrder(groups('--describe', '--group', '$G2', '--group', '$G-none')),
  groups('--describe', '--group', '$G2', '--members', '--state'),
  groups('--list', '--state', 'stable'),
  groups(
    '--group',
    '$G2',
    '--reset-offsets',
    '--to-earliest',
    '--all-topics',
    '--dry-run',
    '--execute',
  ),
  anyOrder(
    groups('--group', '$G2', '--reset-offsets', '--to-earliest', '--all-topics', '--dry-run'),
  ),
  groups('--group', '$G2', '--topic', '$T-none', '--reset-offsets', '--to-latest', '--dry-run'),
  anyOrder(
    groups(
      '--group',
      '$G2',
      '--topic',
      '$T-more:0',
      '--topic',
      '$T-more:1',
      '--reset-offsets',
      '--to-offset',
      '1',
      '--export',
      '--dry-run',
    ),
  ),
  groups('--delete', '--group', '$G2', '--group', '$G-none'),
  anyOrder(groups('--delete-offsets', '--group', '$G-none', '--topic', '$T-more')),
  configs(
    '--entity-type',
    'groups',
    '--entity-name',
    '$G2',
    '--alter',
    '--add-config',
    'consumer.session.timeout.ms=50000',
  ),
  configs('--entity-type', 'groups', '--entity-name', '$G2', '--describe'),
  configs('--group', '$G2', '--alter', '--delete-config', 'consumer.session.timeout.ms'),
  configs(
    '--entity-type',
    'topics',
    '--entity-name',
    '$T-more',
    '--alter',
    '--delete-config',
    'no.such.config',
  ),
  configs('--entity-type', 'topics', '--entity-name', '$T-more', '--alter'),
  configs('--entity-type', 'topics', '--describe', '--alter'),
  configs('--entity-type', 'brokers', '--entity-name', 'one', '--describe'),
  {
    ...configs(
      '--entity-type',
      'topics',
      '--entity-name',
      '$T-more',
      '--alter',
      '--add-config-file',
      '$F/more.properties',
    ),
    files: { 'more.properties': 'retention.ms=1000\nmax.message.bytes=2000\n' },
  },
  configs('--entity-type', 'topics', '--entity-name', '$T-more', '--describe'),
  deleteRecords(
    'all.json',
    '{"version":1,"partitions":[{"topic":"$T-more","partition":0,"offset":-1},{"topic":"$T-more","partition":0,"offset":1}]}',
  ),
  deleteRecords('version.json', '{"version":2,"partitions":[]}'),
  topics('--delete', '--topic', '$T-missing'),
  topics('--delete', '--topic', '$T-missing', '--if-exists'),
  topics('--delete', '--topic', '$T.*'),
  ...clusterInvocations(options.brokers.split(',').map(Number)),
]

/** Operating a cluster: `brokers` are its ids, of which a single one leaves little to move. */
function clusterInvocations(brokers) {
  const [a] = brokers
  const b = brokers[1] ?? a
  const place = (partition, ...replicas) => ({ topic: '$T-move', partition, replicas })
  const plan = (...partitions) => ({ version: 1, partitions })
  const planned = (json, ...args) =>
    reassign('plan.json', json, '--reassignment-json-file', '$F/plan.json', ...args)
  const there = plan(place(0, b), place(1, a))
  const list = brokers.join(',')
  const quorum = (...args) => tool('kafka-metadata-quorum', ...args)
  const elect = (...args) => tool('kafka-leader-election', '--election-type', ...args)
  const features = (...args) => tool('kafka-features', ...args)
  const logDirs = (...args) => tool('kafka-log-dirs', ...args)
  return [
    topics('--create', '--topic', '$T-move', '--replica-assignment', `${a},${b}`),
    quorum('describe', '--status'),
    quorum('describe', '--replication'),
    quorum('describe'),
    quorum('describe', '--status', '--replication'),
    quorum('wrong'),
    quorum('remove-controller', '--controller-id', '99'),
    quorum('remove-controller', '-i', '99', '-d', 'AAAAAAAAAAAAAAAAAAAAAQ', '--dry-run'),
    quorum('remove-controller', '-i', '99', '-d', 'AAAAAAAAAAAAAAAAAAAAAQ'),
    quorum('add-controller'),
    { tool: 'kafka-metadata-quorum', args: ['describe', '--status'] },
    tool('kafka-reassign-partitions', '--list'),
    planned(there, '--verify'),
    planned(there, '--execute', '--throttle', '10000000'),
    { ...planned(there, '--verify'), until: 'is completed' },
    topics('--describe', '--topic', '$T-move'),
    configs('--entity-type', 'topics', '--entity-name', '$T-move', '--describe'),
    planned(there, '--verify', '--preserve-throttles'),
    planned(there, '--execute', '--additional'),
    planned(there, '--cancel'),
    planned(plan(place(0, 99)), '--execute'),
    planned(plan(place(0, a, a)), '--execute'),
    planned(plan(place(9, a)), '--verify'),
    planned(plan(place(9, a)), '--execute'),
    planned(there, '--execute', '--verify'),
    tool('kafka-reassign-partitions', '--execute'),
    tool('kafka-reassign-partitions'),
    { tool: 'kafka-reassign-partitions', args: ['--list'] },
    elect('preferred', '--topic', '$T-move', '--partition', '0'),
    elect('PREFERRED', '--all-topic-partitions'),
    elect('preferred', '--topic', '$T-none', '--partition', '0'),
    elect('preferred', '--topic', '$T-move'),
    elect('preferred'),
    elect('wrong', '--all-topic-partitions'),
    electFile(
      'elect.json',
      {
        partitions: [
          { topic: '$T-move', partition: 0 },
          { topic: '$T-none', partition: 1 },
        ],
      },
      '--election-type',
      'preferred',
    ),
    tool('kafka-leader-election', '--all-topic-partitions'),
    { tool: 'kafka-cluster', args: ['cluster-id', ...B] },
    { tool: 'kafka-cluster', args: ['list-endpoints', ...B] },
    { tool: 'kafka-cluster', args: ['list-endpoints', ...B, '--include-fenced-brokers'] },
    { tool: 'kafka-cluster', args: ['unregister', ...B, '--id', '99'] },
    { tool: 'kafka-cluster', args: ['unregister', ...B] },
    { tool: 'kafka-cluster', args: ['cluster-id'] },
    features('describe'),
    features('upgrade', '--feature', 'group.version=1'),
    features('upgrade', '--feature', 'nope=1'),
    features('upgrade', '--feature', 'x'),
    features('upgrade', '--metadata', '3.9-IV0'),
    features('downgrade', '--feature', 'group.version=0', '--dry-run'),
    features('disable', '--feature', 'group.version', '--dry-run'),
    features('upgrade'),
    { tool: 'kafka-features', args: ['describe'] },
    { tool: 'kafka-features', args: ['version-mapping', '--release-version', '4.0'] },
    { tool: 'kafka-features', args: ['version-mapping'] },
    {
      tool: 'kafka-features',
      args: ['feature-dependencies', '--feature', 'eligible.leader.replicas.version=1'],
    },
    anyOrder(logDirs('--describe', '--topic-list', '$T-move', '--broker-list', list)),
    logDirs('--describe', '--broker-list', '99'),
    logDirs('--describe', '--topic-list', '$T-none'),
    logDirs(),
    topics('--delete', '--topic', '$T-move'),
  ]
}

function spell(text, side) {
  return text
    .replaceAll('$T', `cmp-${run}-${side}t`)
    .replaceAll('$G', `cmp-${run}-${side}g`)
    .replaceAll('$F', folder)
}

/** Replaces what two runs cannot have in common. */
function normalise(text, side) {
  return text
    .replaceAll(new RegExp(`cmp-[0-9a-z]{6}-${side}`, 'g'), 'cmp-')
    .split('\n')
    .filter(line => !/^cmp-[0-9a-z]{6}-/.test(line)) // the other side's topics and groups in lists
    .join('\n')
    .replaceAll(folder, '$F')
    .replaceAll(/compare-tools-\w+/g, '$F')
    .replaceAll(/TopicId: [\w-]{22}/g, 'TopicId: ID')
    .replaceAll(/CreateTime:\d{13}/g, 'CreateTime:MS')
    .replaceAll(/HighWatermark: +\d+/g, 'HighWatermark: N')
    .replaceAll(/MaxFollowerLag(TimeMs)?: +\d+/g, 'MaxFollowerLag$1: N')
    .replaceAll(/^(\d+ *\t[\w-]{22}\t)\d+ *\t\d+ *\t\d{13} *\t\d{13} *\t/gm, '$1 N\t')
    .replaceAll(/Epoch: \d+$/gm, 'Epoch: N')
    .replaceAll(/\n\tat .*/g, '') // a stack of Java's
    .replaceAll(/\n+$/g, '\n')
    .replaceAll(/console-consumer-[\w-]+/g, 'console-consumer-ID')
}

function execute(command, args, stdin) {
  return new Promise(resolve => {
    const started = performance.now()
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const out = []
    const err = []
    child.stdout.on('data', chunk => out.push(chunk))
    child.stderr.on('data', chunk => err.push(chunk))
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      void resolve({
        code: code ?? signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
        ms: Math.round(performance.now() - started),
      })
    })
    child.stdin.on('error', () => {}) // the tool may end before it read everything
    child.stdin.end(stdin ?? '')
  })
}

/** Again while an answer that takes its time is not there yet. */
async function runUntil(side, invocation) {
  let result = await runSide(side, invocation)
  for (let again = 0; again < 20 && !result.stdout.includes(invocation.until ?? ''); again++) {
    await new Promise(resolve => setTimeout(resolve, 300))
    result = await runSide(side, invocation)
  }
  return result
}

async function runSide(side, invocation) {
  for (const [name, text] of Object.entries(invocation.files ?? {})) {
    writeFileSync(join(folder, name), spell(text, side))
  }
  const args = invocation.args.map(arg => spell(arg, side))
  const stdin = invocation.stdin === undefined ? undefined : spell(invocation.stdin, side)
  const result =
    side === 'j'
      ? await execute(
          'java',
          [
            '-Xmx256m',
            '-XX:TieredStopAtLevel=1',
            `-Dlog4j2.configurationFile=${folder}/log4j2.properties`,
            '-cp',
            `${cache}/java/lib/*`,
            MAIN_CLASSES[invocation.tool],
            ...args,
          ],
          stdin,
        )
      : await execute(join(scripts, invocation.tool), args, stdin)
  return {
    code: result.code,
    stdout: normalise(result.stdout, side),
    stderr: normalise(result.stderr, side),
    ms: result.ms,
  }
}

const exact = text => text

/** For lists whose order and column widths depend on what else is in the cluster. */
function loose(text) {
  return text
    .split('\n')
    .map(line => line.replaceAll(/\s+/g, ' ').trim())
    .filter(line => line !== '' && !line.startsWith('console-consumer-ID'))
    .sort()
    .join('\n')
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

function indent(text) {
  return text.replaceAll(/^/gm, '      | ')
}

const recorded =
  options.recorded !== undefined && existsSync(options.recorded)
    ? JSON.parse(readFileSync(options.recorded, 'utf8'))
    : {}
let passed = 0
let failed = 0
const times = { java: [], ours: [] }
/** How often an invocation came, so that one that is repeated later is recorded twice. */
const seen = new Map()
try {
  for (const invocation of INVOCATIONS) {
    const text = [invocation.tool, ...invocation.args]
      .join(' ')
      .replace(`--bootstrap-server ${options.bootstrap}`, '-B')
    const count = (seen.get(text) ?? 0) + 1
    seen.set(text, count)
    const key = `${text} < ${invocation.stdin ?? ''} #${count}`
    if (
      options.only !== undefined &&
      !text.includes(options.only) &&
      !text.startsWith('kafka-topics -B --create')
    )
      continue
    const java = recorded[key] ?? (await runUntil('j', invocation))
    recorded[key] = java
    times.java.push(java.ms)
    if (options.java) {
      console.log(`${text}\n    exit ${java.code}, ${java.ms} ms\n${indent(java.stdout)}`)
      if (java.stderr !== '') console.log(`    standard error:\n${indent(java.stderr)}`)
      continue
    }
    const ours = await runUntil('w', invocation)
    times.ours.push(ours.ms)
    const shape = invocation.isLoose === true ? loose : exact
    const same = ours.code === java.code && shape(ours.stdout) === shape(java.stdout)
    if (same) passed++
    else failed++
    console.log(`${same ? 'ok  ' : 'FAIL'} ${text} (${java.ms} ms, ours ${ours.ms} ms)`)
    if (!same || options.verbose) {
      console.log(`    java: exit ${java.code}\n${indent(java.stdout)}`)
      console.log(`    ours: exit ${ours.code}\n${indent(ours.stdout)}${indent(ours.stderr)}`)
    }
  }
} finally {
  if (options.recorded !== undefined)
    writeFileSync(options.recorded, JSON.stringify(recorded, null, 1))
  rmSync(folder, { recursive: true, force: true })
}
console.log(`median: Java ${median(times.java)} ms, ours ${median(times.ours)} ms`)
console.log(`${passed} same, ${failed} different`)
process.exitCode = failed === 0 ? 0 : 1
