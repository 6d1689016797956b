import t from 'tap'
import { resolvePath } from './cli.ts'
import { COMMAND_TREE } from './command-tree.ts'
import { quickParse } from './quick-parse.ts'
import { parseWithYargs } from './yargs-program.ts'

async function both(line: string) {
  const words = line.split(' ')
  const path = resolvePath(COMMAND_TREE, words)
  const command = await path.at(-1)?.load?.()
  if (command === undefined) throw new Error(`no command in '${line}'`)
  const quick = quickParse(path, command, words)
  const slow = async (): Promise<Record<string, unknown>> => {
    const parsed = await parseWithYargs(words, {
      tree: COMMAND_TREE,
      path,
      command,
      version: '1',
      columns: 80,
    })
    if (parsed.kind !== 'command') throw new Error(`'${line}' is no command to yargs`)
    const names = [...Object.keys(command.options), ...Object.keys(command.positionals)]
    return Object.fromEntries(names.map(name => [name, parsed.args[name]]))
  }
  return { quick, slow }
}

t.test('the quick way gives what yargs gives', async t => {
  const lines = [
    'topics list',
    'topics list --json -b a:1 --timeout 5s',
    'topics create a b -p 3 --replicas 2 -c x=1 -c y=2 --if-not-exists',
    'topics create 12 --partitions=4',
    'topics describe a',
    'topics alter a -p 5 --unset x',
    'topics delete a --yes',
    'produce a -K : -z gzip --acks 1 -H a=1 -H b=2 -q',
    'produce a -1 -p 0',
    'consume a b:1,2 --from earliest -e -n 5 --json',
    'consume a -g g --isolation read_committed --from-beginning',
    'offsets a --at max',
    'groups describe g -w --interval 1s',
    'groups reset-offsets g',
    'groups reset-offsets g t:0 t2 --to 1h --execute',
    'configs get topic/a',
    'configs get topic/a x y --all',
    'configs set broker a=b c=d',
    'log dump a.log b.log -r --from 5',
    'doctor --data-dir d',
  ]
  for (const line of lines) {
    const { quick, slow } = await both(line)
    t.ok(quick !== null, `'${line}' is read quickly`)
    t.strictSame({ ...quick }, await slow(), line)
  }
})

t.test('what is not plain is left to yargs', async t => {
  const lines = [
    '-b a:1 topics list',
    'topics list --help',
    'topics list -h',
    'topics list --version',
    'topics list --wrong',
    'topics list --json=false',
    'topics list extra',
    'topics create',
    'topics create a -p three',
    'produce a -z zip',
    'produce a -k x -k y',
    'consume a --no-commit',
    'consume a --from -5',
    'offsets a --at max --ago 1h',
    'groups reset-offsets g --shift 1',
  ]
  for (const line of lines) t.equal((await both(line)).quick, null, line)
})

t.test('yargs reads what the quick way leaves to it', async t => {
  const cases: readonly (readonly [string, Record<string, unknown>])[] = [
    ['consume a --no-commit', { commit: false }],
    ['consume a --from -5', { from: '-5' }],
    ['groups reset-offsets g --shift -5', { shift: -5 }],
    ['topics list --json=false', { json: false }],
  ]
  for (const [line, expected] of cases) t.match(await (await both(line)).slow(), expected, line)
})
