import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { DiskError } from '../errors.ts'
import { defineWorkerJob } from '../worker-jobs.ts'
import { createLogger, createNodeEnv } from './index.ts'
import { nodeClock } from './node-clock.ts'

const sumJob = defineWorkerJob<Uint8Array, { sum: number }>({
  module: import.meta.url,
  name: 'sumJob',
  run: (_, bytes) => ({ sum: bytes.reduce((sum, byte) => sum + byte, 0) }),
})

const readJob = defineWorkerJob<string, string>({
  module: import.meta.url,
  name: 'readJob',
  run: async ({ disk }, path) => (await disk.readFile(path, 100)).toString(),
})

// The module is imported again by the worker threads, which must not run the tests.
const { isMainThread } = await import('node:worker_threads')

if (isMainThread) {
  t.test('workers run jobs of a module by name and hand errors back', async t => {
    const env = createNodeEnv({ log: { level: 'silent' } })
    const path = `/tmp/weir-core-${process.pid}.txt`
    writeFileSync(path, 'from the thread')
    t.teardown(() => rmSync(path))
    const bytes = new Uint8Array(1_000).fill(2)
    const [sum, text] = await Promise.all([
      env.workers.run(sumJob, bytes, [bytes.buffer]),
      env.workers.run(readJob, path),
    ])
    t.same(sum, { sum: 2_000 })
    t.equal(text, 'from the thread')
    t.equal(bytes.length, 0, 'the buffer was transferred')
    const failed = env.workers.run(readJob, '/tmp/weir-core-none')
    await t.rejects(failed, { name: 'DiskError', code: 'ENOENT' })
    const unknown = { ...sumJob, name: 'noSuchJob' }
    await t.rejects(env.workers.run(unknown, new Uint8Array(1)), /defines no job noSuchJob/)
    await t.rejects(env.workers.run(sumJob, bytes, [bytes.buffer]))
    await env.workers.close()
  })

  t.test('a timer beyond 2^31 ms does not fire at once', async t => {
    let fired = 0
    const far = nodeClock.after(30 * 24 * 3_600_000, () => fired++)
    const near = nodeClock.after(0, () => fired++)
    near.cancel()
    await nodeClock.sleep(5)
    t.equal(fired, 0)
    far.cancel()
    await new Promise<void>(resolve => nodeClock.soon(resolve))
  })

  t.test('random numbers are in their ranges', t => {
    const { random } = createNodeEnv()
    for (let i = 0; i < 5_000; i++) {
      if (random.below(3) > 2 || random.fraction() >= 1 || random.u32() >= 2 ** 32) t.fail('range')
    }
    t.match(random.uuid(), /^[\w][\w-]{21}$/)
    t.equal(random.bytes(5).length, 5)
    t.end()
  })

  t.test('JSON lines carry level, message, fields of children and errors', t => {
    const lines: string[] = []
    const log = createLogger({ format: 'json', level: 'info', write: line => lines.push(line) })
    log.debug('not written')
    log.child({ part: 'log' }).warn('disk is full', { error: new DiskError('ENOSPC', '/d', 'x') })
    t.equal(lines.length, 1)
    t.match(JSON.parse(lines[0]!), {
      level: 40,
      part: 'log',
      msg: 'disk is full',
      error: { code: 'ENOSPC' },
    })
    t.end()
  })

  t.test('a broken invariant in the background ends the process, other failures do not', t => {
    const { href } = new URL('./index.js', import.meta.url)
    const assertHref = new URL('../assert.js', import.meta.url).href
    const end = (error: string) =>
      spawnSync(process.execPath, [
        '--input-type=module',
        '--eval',
        `import { createLogger } from '${href}'
        import { AssertionError } from '${assertHref}'
        const log = createLogger({ format: 'text' })
        log.background(Promise.reject(new ${error}), 'cleaning')`,
      ])
    t.equal(end("Error('no luck')").status, 0)
    const broken = end("AssertionError('two owners', {})")
    t.equal(broken.status, 1)
    t.match(broken.stderr.toString(), /cleaning failed: two owners/)
    t.end()
  })

  t.test('text lines are one line a message, whatever bytes a client sent', async t => {
    const lines: string[] = []
    const log = createLogger({ format: 'text', write: line => lines.push(line) })
    log.info('listening', { at: '127.0.0.1:9092', name: 'two words', count: 3 })
    log.setLevel('error')
    log.warn('not written')
    log.error('bad\n00:00 info forged', { from: 'a\nb' })
    log.background(Promise.reject(new Error('no luck')), 'cleaning')
    await new Promise(resolve => setImmediate(resolve))
    const [first = '', second = '', third = ''] = lines
    t.match(first, / info {2}listening at=127\.0\.0\.1:9092 name="two words" count=3\n$/)
    t.match(second, / error bad 00:00 info forged from="a\\nb"\n$/)
    t.match(third, / error cleaning failed: no luck\nError: no luck\n/)
    t.equal(lines.length, 3)
  })
}
