import t from 'tap'
import { parseOptions, renderUsage, requireOptions, ToolError } from './option-parser.ts'

const TABLE = {
  list: { value: 'none', doc: 'List.' },
  topic: { value: 'required', doc: 'The topic.' },
  config: { value: 'required', repeats: true, doc: 'A setting.' },
  state: { value: 'optional', doc: 'The state.' },
} as const

t.test('options and values as the Java tools take them', async t => {
  const options = parseOptions(
    ['--list', '--topic=a=b', '--config', 'x=1', '--config', 'y=2', '--state', '--'],
    { ...TABLE, '': { value: 'none', doc: '' } },
  )
  t.equal(options.has('list'), true)
  t.equal(options.value('topic'), 'a=b')
  t.same(
    [...options.properties('config')],
    [
      ['x', '1'],
      ['y', '2'],
    ],
  )
  t.equal(options.has('state'), true)
  t.equal(options.value('state'), undefined)
  t.equal(parseOptions(['--state', 'stable'], TABLE).value('state'), 'stable')
  t.equal(parseOptions(['--topic', '--list'], TABLE).value('topic'), '--list')
})

t.test("what is wrong is said in the Java tools' words", async t => {
  const fails = (words: string[], message: string): void => {
    t.throws(() => parseOptions(words, TABLE), { message } as Error, words.join(' '))
  }
  fails(['--lst'], 'lst is not a recognized option')
  fails(['--topic'], 'Option topic requires an argument')
  fails(['-x'], 'x is not a recognized option')
  fails(
    ['--topic', 'a', '--topic', 'b'],
    'Found multiple arguments for option topic, but you asked for only one',
  )
  t.throws(() => parseOptions(['--__proto__'], TABLE), ToolError)
  t.throws(() => requireOptions(parseOptions(['--list'], TABLE), 'topic'), {
    message: 'Missing required argument "[topic]"',
  } as Error)
})

t.test('the usage has every option', async t => {
  const usage = renderUsage(TABLE)
  for (const name of Object.keys(TABLE)) t.match(usage, `--${name}`)
})
