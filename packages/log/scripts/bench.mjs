// Benchmarks of the log package alone, on the real disk: node packages/log/scripts/bench.mjs [name...]
// Prints throughput, CPU seconds per GB and event-loop figures; asserts nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeEnv } from '@weir/core/node'
import { RecordBatchBuilder, setBatchBaseOffset } from '@weir/protocol'
import { DEFAULT_LOG_CONFIG, LogManager } from '../dist/index.js'

const GB = 1e9
const ID = 'YmVuY2htYXJrLXRvcGljLQ'
const say = line => process.stdout.write(`${line}\n`)
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function makeBatch(valueBytes, records) {
  const builder = new RecordBatchBuilder()
  const value = Buffer.alloc(valueBytes, 'x')
  for (let index = 0; index < records; index++) {
    builder.append({ timestamp: Date.now(), key: null, value })
  }
  return builder.build()
}

async function withManager(options, run) {
  const directory = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'log-bench-'))
  const env = createNodeEnv({ log: { level: 'error' } })
  const manager = await LogManager.open(env, {
    directories: [directory],
    defaultConfig: DEFAULT_LOG_CONFIG,
    ...options,
  })
  try {
    await run(manager, env, directory)
  } finally {
    await manager.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Appends with a bound on what is not written, as a broker's in-flight limits do. */
async function appendBench(name, { valueBytes, records, batches, logs, config = {} }) {
  await withManager({}, async manager => {
    const all = Array.from({ length: logs }, (_, index) =>
      manager.getOrCreate('bench', ID, index, { ...DEFAULT_LOG_CONFIG, ...config }),
    )
    const template = makeBatch(valueBytes, records)
    const clockNow = Date.now()
    let done = 0
    let waiting = null
    for (const log of all) {
      log.setListener({
        onWritten() {
          waiting?.()
        },
        onFailure(failure) {
          throw failure.cause
        },
      })
    }
    const cpu = cpuSeconds()
    const start = performance.now()
    while (done < batches) {
      for (let index = 0; index < 16 && done < batches; index++, done++) {
        const log = all[done % logs]
        const batch = Buffer.from(template)
        const outcome = log.append(batch, { origin: 'client', leaderEpoch: 0, nowMs: clockNow })
        if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome))
      }
      while (all.some(log => log.writtenEndOffset < log.logEndOffset)) {
        await new Promise(resolve => {
          waiting = resolve
        })
      }
    }
    const seconds = (performance.now() - start) / 1000
    const used = cpuSeconds() - cpu
    const bytes = batches * template.length
    say(
      `${name}: ${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${((used * GB) / bytes).toFixed(2)} CPU s/GB, ` +
        `${(batches / seconds / 1000).toFixed(1)} k appends/s, ${((used * 1e6) / batches).toFixed(2)} us CPU each`,
    )
    if (records === 1) return
    await readBench(`${name}, read back`, all, bytes)
  })
}

async function readBench(name, logs, bytes) {
  const cpu = cpuSeconds()
  const start = performance.now()
  let got = 0
  for (const log of logs) {
    let fromOffset = 0
    while (fromOffset < log.logEndOffset) {
      const result = await log.read({
        fromOffset,
        maxBytes: 1 << 20,
        limitOffset: log.logEndOffset,
        minOneBatch: true,
      })
      if (result.kind === 'failed') throw new Error(result.message)
      got += result.bytes
      fromOffset = result.endOffset
      result.release()
    }
  }
  const seconds = (performance.now() - start) / 1000
  const used = cpuSeconds() - cpu
  say(
    `${name}: ${(got / 1e6 / seconds).toFixed(0)} MB/s, ${((used * GB) / got).toFixed(2)} CPU s/GB`,
  )
  if (got !== bytes) say(`  read ${got} of ${bytes} bytes`)
}

async function groupCommit() {
  for (const inFlight of [1, 16, 80]) {
    await withManager({}, async manager => {
      const log = manager.getOrCreate('bench', ID, 0, { ...DEFAULT_LOG_CONFIG, flushMessages: 1 })
      const template = makeBatch(100, 1)
      let outstanding = 0
      let acked = 0
      let resolve
      const total = inFlight === 1 ? 2000 : 40_000
      const finished = new Promise(done => {
        resolve = done
      })
      const pump = () => {
        while (outstanding < inFlight && acked + outstanding < total) {
          log.append(Buffer.from(template), { origin: 'client', leaderEpoch: 0, nowMs: 0 })
          outstanding++
        }
        if (acked === total) resolve()
      }
      log.setListener({
        onWritten() {
          const count = log.writtenEndOffset - acked
          acked += count
          outstanding -= count
          pump()
        },
        onFailure() {},
      })
      const start = performance.now()
      pump()
      await finished
      const seconds = (performance.now() - start) / 1000
      say(`group commit, ${inFlight} in flight: ${(total / seconds).toFixed(0)} acks/s`)
    })
  }
}

async function recovery() {
  const directory = mkdtempSync(join(tmpdir(), 'log-bench-'))
  const env = createNodeEnv({ log: { level: 'error' } })
  const config = { ...DEFAULT_LOG_CONFIG, segmentBytes: 256 * 1024 * 1024 }
  const options = { directories: [directory], defaultConfig: config }
  try {
    const first = await LogManager.open(env, options)
    const log = first.getOrCreate('bench', ID, 0, config)
    const template = makeBatch(1000, 100)
    for (let index = 0; index < 10_000; index++) {
      log.append(Buffer.from(template), { origin: 'client', leaderEpoch: 0, nowMs: 0 })
      if (index % 64 === 63) await log.flush()
    }
    await first.close()
    rmSync(join(directory, 'weir-clean-shutdown'))
    rmSync(join(directory, 'weir-offsets.checkpoint'))
    const start = performance.now()
    const cpu = cpuSeconds()
    const second = await LogManager.open(env, options)
    const seconds = (performance.now() - start) / 1000
    const bytes = 10_000 * template.length
    const found = second.get('bench', 0)
    if (found.logEndOffset !== 1_000_000) throw new Error(`recovered to ${found.logEndOffset}`)
    say(
      `recovery from page cache: ${(bytes / GB / seconds).toFixed(2)} GB/s, ${(((cpuSeconds() - cpu) * GB) / bytes).toFixed(2)} CPU s/GB`,
    )
    await second.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function compaction() {
  const config = {
    ...DEFAULT_LOG_CONFIG,
    segmentBytes: 4 * 1024 * 1024,
    cleanupCompact: true,
    cleanupDelete: false,
    minCleanableDirtyRatio: 0,
    fileDeleteDelayMs: 0,
  }
  for (const codec of ['none', 'lz4']) {
    await withManager({ defaultConfig: config, cleanerBackoffMs: 3_600_000 }, async manager => {
      const log = manager.getOrCreate('bench', ID, 0, config)
      const value = Buffer.alloc(200, 'v')
      let records = 0
      for (let index = 0; index < 8_000; index++) {
        const builder = new RecordBatchBuilder({ codec })
        for (let at = 0; at < 100; at++) {
          const key = `key-${(records * 7919) % 200_000}`
          builder.append({ timestamp: Date.now(), key, value })
          records++
        }
        const outcome = log.append(builder.build(), { origin: 'client', leaderEpoch: 0, nowMs: 0 })
        if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome))
        if (index % 100 === 0) await log.flush()
      }
      await log.flush()
      log.updateHighWatermark(log.logEndOffset)
      const before = log.sizeInBytes
      let longestHoldMs = 0
      let last = performance.now()
      const ticker = setInterval(() => {
        longestHoldMs = Math.max(longestHoldMs, performance.now() - last - 1)
        last = performance.now()
      }, 1)
      const cpu = cpuSeconds()
      const start = performance.now()
      await manager.runCleaner()
      const seconds = (performance.now() - start) / 1000
      clearInterval(ticker)
      say(
        `compaction (${codec}): ${(before / 1e6).toFixed(0)} MB of ${records} records to ${(log.sizeInBytes / 1e6).toFixed(0)} MB, ` +
          `${(before / 1e6 / seconds).toFixed(0)} MB/s, ${(records / seconds / 1000).toFixed(0)} k records/s, ` +
          `${(((cpuSeconds() - cpu) * GB) / before).toFixed(2)} CPU s/GB, rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB, longest hold of the loop ${longestHoldMs.toFixed(0)} ms`,
      )
    })
  }
}

async function manyPartitions() {
  const count = 10_000
  const directory = mkdtempSync(join(tmpdir(), 'log-bench-'))
  const env = createNodeEnv({ log: { level: 'error' } })
  const config = DEFAULT_LOG_CONFIG
  const options = { directories: [directory], defaultConfig: config, openFileLimit: 1000 }
  const heap = () => {
    globalThis.gc?.()
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  try {
    const first = await LogManager.open(env, options)
    let start = performance.now()
    for (let base = 0; base < count; base += 500) {
      const logs = []
      for (let index = base; index < base + 500; index++) {
        const log = first.getOrCreate('bench', ID, index, config)
        log.append(makeBatch(100, 1), { origin: 'client', leaderEpoch: 0, nowMs: 0 })
        logs.push(log)
      }
      while (logs.some(log => log.writtenEndOffset === 0)) await env.clock.sleep(5)
    }
    say(`first append to ${count} partitions: ${((performance.now() - start) / 1000).toFixed(2)} s`)
    start = performance.now()
    await first.close()
    say(`clean stop with ${count} partitions: ${((performance.now() - start) / 1000).toFixed(2)} s`)
    const before = heap()
    start = performance.now()
    const second = await LogManager.open(env, options)
    say(
      `clean start with ${count} partitions: ${((performance.now() - start) / 1000).toFixed(2)} s`,
    )
    const perLog = (heap() - before) / count
    say(
      `heap of an idle partition: ${perLog.toFixed(0)} bytes${globalThis.gc ? '' : ' (run with --expose-gc)'}`,
    )
    if (second.get('bench', count - 1)?.logEndOffset !== 1) throw new Error('not all there')
    await second.close()
    rmSync(join(directory, 'weir-clean-shutdown'))
    start = performance.now()
    const third = await LogManager.open(env, options)
    say(
      `unclean start with ${count} partitions: ${((performance.now() - start) / 1000).toFixed(2)} s`,
    )
    await third.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const benches = {
  async append() {
    await appendBench('append 100 KB batches, 6 logs', {
      valueBytes: 1000,
      records: 100,
      batches: 20_000,
      logs: 6,
    })
    await appendBench('append 4 KB batches, 6 logs', {
      valueBytes: 100,
      records: 36,
      batches: 100_000,
      logs: 6,
    })
    await appendBench('append 100-byte records, 6 logs', {
      valueBytes: 100,
      records: 1,
      batches: 300_000,
      logs: 6,
    })
  },
  commit: groupCommit,
  recovery,
  compaction,
  partitions: manyPartitions,
}

setBatchBaseOffset(makeBatch(1, 1), 0, 0)
const wanted = process.argv.slice(2)
for (const [name, run] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) await run()
}
process.exit(0)
