// What commands say when something is wrong at the broker.
import { Readable } from 'node:stream'
import { runCli } from '@weir/cli'
import { memoryIo } from '@weir/cli/testing'
import t from 'tap'
import { startWeir } from './start-weir.ts'
import type { Weir } from './weir.ts'

let weir: Weir

t.before(async () => {
  weir = await startWeir()
})
t.teardown(() => weir.stop())
t.afterEach(() => weir.faults.clear())

async function run(words: readonly string[], input = '', bootstrap = weir.bootstrap) {
  const io = memoryIo(input, { WEIR_BOOTSTRAP: bootstrap })
  const code = await runCli(words, { io, version: '1' })
  return { code, out: io.stdout.text, err: io.stderr.text }
}

t.test('an endless consume says once that every answer is an error, and goes on', async t => {
  await run(['topics', 'create', 'troubled', '-p', '1'])
  await run(['produce', 'troubled'], 'late\n')
  weir.faults.fail('Fetch', 'LEADER_NOT_AVAILABLE')
  const io = memoryIo('', { WEIR_BOOTSTRAP: weir.bootstrap })
  const words = ['consume', 'troubled', '--from', 'earliest', '--timeout', '100ms', '-n', '1']
  const running = runCli(words, { io, version: '1' })
  await new Promise<void>(resolve => io.stderr.onText(() => resolve()))
  weir.faults.clear()
  t.equal(await running, 0)
  t.equal(io.stdout.text, 'late\n')
  t.match(io.stderr.text, /^weir: still trying: LEADER_NOT_AVAILABLE at offset 0 of troubled-0\n$/)
})

t.test('a consumer whose group does not answer says that it waits', async t => {
  await run(['topics', 'create', 'grouped'])
  await run(['produce', 'grouped'], 'late\n')
  for (const api of ['JoinGroup', 'ConsumerGroupHeartbeat'] as const) {
    weir.faults.fail(api, 'COORDINATOR_NOT_AVAILABLE')
  }
  const io = memoryIo('', { WEIR_BOOTSTRAP: weir.bootstrap })
  const words = [
    'consume',
    'grouped',
    '-g',
    'g',
    '--from',
    'earliest',
    '--timeout',
    '200ms',
    '-n',
    '1',
  ]
  const running = runCli(words, { io, version: '1' })
  await new Promise<void>(resolve => io.stderr.onText(() => resolve()))
  weir.faults.clear()
  t.equal(await running, 0)
  t.equal(io.stdout.text, 'late\n')
  t.match(io.stderr.text, /^weir: still waiting for partitions of group 'g': .*\n$/)
})

t.test('a record that is too large: which setting, and how', async t => {
  await run(['topics', 'create', 'small', '-c', 'max.message.bytes=1000'])
  const { code, err } = await run(['produce', 'small'], 'x'.repeat(2_000))
  t.equal(code, 1)
  t.match(err, /weir configs set topic\/NAME max\.message\.bytes=BYTES/)
})

t.test('an address that a broker gave is not blamed on --bootstrap', async t => {
  const settings = { 'advertised.listeners': 'PLAINTEXT://127.0.0.1:1' }
  const hidden = await startWeir({ settings })
  t.teardown(() => hidden.stop())
  const { code, err } = await run(
    ['topics', 'create', 'a', '--timeout', '1s'],
    '',
    hidden.bootstrap,
  )
  t.equal(code, 1)
  t.match(
    err,
    /cannot connect to 127\.0\.0\.1:1: .* A broker gave this address: .*advertised\.listeners/,
  )
})

t.test('a producer that loses its broker says how many records were acknowledged', async t => {
  const doomed = await startWeir({ topics: ['orders'] })
  const io = memoryIo('', { WEIR_BOOTSTRAP: doomed.bootstrap })
  const lines = async function* () {
    yield 'one\n'
    const isThere = async () => {
      const { out } = await run(['offsets', 'orders', '--json'], '', doomed.bootstrap)
      return /"(latest|last|end)\w*": *1/i.test(out)
    }
    while (!(await isThere())) await new Promise(resolve => setTimeout(resolve, 20))
    await doomed.stop()
    yield 'two\n'
    // It has failed once by then: for the next record the topic is looked up again, in vain.
    await new Promise(resolve => setTimeout(resolve, 150))
    yield 'three\n'
  }
  const stdin = Readable.from(lines())
  const words = ['produce', 'orders', '--timeout', '300ms']
  const code = await runCli(words, { io: { ...io, stdin }, version: '1' })
  t.equal(code, 1)
  t.match(io.stderr.text, /^1 of the \d records read were acknowledged\nweir: cannot connect/)
})
