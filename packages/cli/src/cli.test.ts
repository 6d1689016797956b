import { fileURLToPath } from 'node:url'
import t from 'tap'
import { resolvePath, runCli } from './cli.ts'
import { nodeName } from './command.ts'
import { COMMAND_TREE } from './command-tree.ts'
import { memoryIo } from './testing/memory-io.ts'

// Nothing listens there, and nothing may be asked there.
const ENVIRONMENT = { WEIR_BOOTSTRAP: '127.0.0.1:1', SHELL: '/bin/bash' }

async function weir(...words: readonly string[]) {
  const io = memoryIo('', ENVIRONMENT)
  const code = await runCli(words, { io, version: '9.8.7' })
  return { code, out: io.stdout.text, err: io.stderr.text }
}

t.test('every command has help with examples, and its options are sound', async t => {
  for (const node of COMMAND_TREE) {
    const names = node.children?.map(child => [nodeName(node), nodeName(child)]) ?? [
      [nodeName(node)],
    ]
    for (const path of names) {
      const { code, out, err } = await weir(...path, '--help')
      t.equal(code, 0, path.join(' '))
      t.match(out, new RegExp(`^weir ${path.join(' ')}`))
      t.match(out, /Examples:\n {2}.*weir /)
      t.equal(err, '')
    }
  }
})

t.test('the top shows all commands and the version', async t => {
  const help = await weir('--help')
  for (const node of COMMAND_TREE) t.match(help.out, `weir ${node.usage}`)
  t.equal((await weir('--version')).out, '9.8.7\n')
})

t.test('bad usage: exit code 2, one sentence, and where to read on', async t => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [[], /weir needs a command: topics,/],
    [['topcs'], /'weir' has no command 'topcs': did you mean 'weir topics'\?/],
    [['topics'], /weir topics needs a command: list, create/],
    [['topics', 'lst'], /did you mean 'weir topics list'\?/],
    [['topics', 'list', '--wrong'], /unknown option or argument: wrong.*weir topics list --help/],
    [['topics', 'list', '--jsn'], /unknown option or argument: jsn: did you mean --json\?/],
    [['topics', 'list', '--wrong-one'], /argument: wrong-one \(see/],
    [['topics', 'list', '--timeout', '1s', '--timeout', '2s'], /--timeout is given more than once/],
    [['topics', 'create'], /^weir: <topics..> is missing/],
    [['groups', 'reset-offsets'], /^weir: <group> is missing/],
    [['produce', 'a', '-b'], /^weir: -b needs a value/],
    [['produce', 'a', '--header'], /^weir: --header needs a value/],
    [['topics', 'create', 'a', '-p', 'x'], /--partitions has to be a whole number .* to \d+ \(see/],
    [['topics', 'create', 'a', '-p', '0'], /--partitions has to be a whole number/],
    [['topics', 'create', 'a', '-c', 'x'], /--config takes NAME=VALUE, not 'x'/],
    [['topics', 'list', '-b', 'a b'], /--bootstrap takes HOST:PORT/],
    [['consume', 't', '--from', 'there'], /'there' is no place in a log/],
    [['consume', 't', '-g', 'g', '--from', '5'], /--from is earliest or latest/],
    [['produce', 't', '-z', 'zip'], /compression.*choose from|compression/],
    [['groups', 'reset-offsets', 'g', 't'], /say where to/],
    [['configs', 'get', 'orders'], /'orders' has no settings/],
    [['completion', 'tcsh'], /shell.*tcsh|tcsh/],
    [['topics', 'describe'], /say which topics, or --under-replicated/],
    [['reassign', 'move'], /say which topics to move, or --plan FILE/],
    [['reassign', 'move', 't', '--plan', 'f'], /--plan already says what to move/],
    [['reassign', 'move', 't', '--to', 'a'], /'a' is not a list of brokers/],
    [['reassign', 'move', 't', '--throttle', 'fast'], /--throttle takes a size as in 50MB/],
    [['reassign', 'cancel'], /say which topics, or --all/],
    [['elect-leaders', 't', '--all'], /say which topics, or --all/],
    [['cluster', 'unregister', 'x'], /brokers have numbers, not 'x'/],
    [['quorum', 'add', 'x'], /nodes have numbers, not 'x'/],
    [['quorum', 'add', '1', '--controller-listen', 'a b'], /--controller-listen takes HOST:PORT/],
  ]
  for (const [words, expected] of cases) {
    const { code, out, err } = await weir(...words)
    t.equal(code, 2, words.join(' '))
    t.equal(out, '')
    t.match(err, /^weir: .*\(see 'weir.*--help'\)\n$/)
    t.match(err, expected)
    t.equal(err.trimEnd().split('\n').length, 1, 'one line')
  }
})

t.test('a broker that is not there: exit code 1 and what to do', async t => {
  for (const words of [
    ['topics', 'list'],
    ['produce', 'a'],
    ['consume', 'a'],
    ['groups', 'describe', 'g'],
    ['configs', 'get', 'topic/a'],
    ['cluster', 'describe'],
    ['quorum', 'status'],
    ['reassign', 'list'],
    ['elect-leaders', '--all'],
    ['topics', 'describe', '--offline'],
  ]) {
    const { code, err } = await weir(...words)
    t.equal(code, 1, words.join(' '))
    t.equal(
      err,
      "weir: cannot connect to 127.0.0.1:1: nothing listens there. Start a broker with 'weir start', or name another address with --bootstrap.\n",
    )
  }
})

t.test('weir bench says when there is no broker, or no process to measure', async t => {
  const alone = await weir('bench', 'produce-one', '--seconds', '1')
  t.equal(alone.code, 1)
  t.match(alone.err, /127\.0\.0\.1:1 .*nothing listens there; start a broker with 'weir start'/)
  const unmeasured = await weir('bench', 'produce-one', '--pid', '99999999')
  t.equal(unmeasured.code, 2)
  t.match(unmeasured.err, /--pid: there is no process 99999999 here/)
})

t.test('the doctor names the hop that fails', async t => {
  const { code, out } = await weir('doctor')
  t.equal(code, 1)
  t.match(out, /^bad {2}bootstrap address 127\.0\.0\.1:1: nothing listens there\n/)
  const unknown = await weir('doctor', '-b', 'no-such-host.invalid:1')
  t.match(unknown.out, /cannot be resolved/)
})

t.test('the doctor names the address of a node that serves no clients', async t => {
  const file = new URL('../../../config/controller.properties', import.meta.url)
  const { out } = await weir('doctor', '--config', fileURLToPath(file))
  t.match(out, /is valid: node 1, controllers at CONTROLLER:\/\/127\.0\.0\.1:10092\n/)
})

t.test('settings are explained without a broker', async t => {
  const { code, out } = await weir('configs', 'explain', 'retention.ms')
  t.equal(code, 0)
  t.match(out, /retention\.ms \(topic\)[\s\S]*Default: +604800000/)
  const [topicSetting] = JSON.parse(
    (await weir('configs', 'explain', 'retention.ms', '--json')).out,
  )
  t.equal(topicSetting.update, 'per-topic')
  const typo = await weir('configs', 'explain', 'retention.sm')
  t.equal(typo.code, 1)
  t.match(typo.err, /did you mean 'retention\.ms'\?/)
})

t.test('the tree is found through options that stand between the words', async t => {
  const names = (...words: string[]) => resolvePath(COMMAND_TREE, words).map(nodeName)
  t.same(names('-b', 'x:1', 'topics', '--json', 'list'), ['topics', 'list'])
  t.same(names('groups', 'describe', 'list'), ['groups', 'describe'])
  t.same(names('nothing'), [])
})

t.test('completion: commands, options, values; nothing where the cluster is away', async t => {
  const complete = async (...words: string[]) =>
    (await weir('--get-completions', ...words)).out.trimEnd().split('\n')
  t.same(await complete('top'), ['topics'])
  t.same(await complete('topics', 'de'), ['describe', 'delete'])
  t.same(await complete('produce', 'x', '--comp'), ['--compression'])
  t.same(await complete('produce', 'x', '--compression', 's'), ['snappy'])
  t.same(await complete('topics', 'describe', ''), [''])
  t.same(await complete('configs', 'explain', 'retention.b'), ['retention.bytes'])
  t.same(await complete('configs', 'get', '-b', 'a:1', 'topic/x', 'retention.b'), [
    'retention.bytes',
  ])
  for (const shell of ['bash', 'zsh', 'fish']) {
    t.match((await weir('completion', shell)).out, /weir --get-completions/)
  }
})
