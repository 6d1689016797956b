// Has Apache Kafka's own dump tool read segments, indexes and snapshots that this package wrote, and
// compares what it says with what was written. Needs Java and the jars of the conformance kit
// (WEIR_CONFORMANCE_CACHE); says so and ends well where they are missing.
// node packages/log/scripts/compare-dump.mjs

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeEnv } from '@weir/core/node'
import { DEFAULT_LOG_CONFIG, LogManager } from '../dist/index.js'
import { batch, marker } from '../dist/testing/test-kit.js'

const say = line => process.stdout.write(`${line}\n`)
const cache = process.env.WEIR_CONFORMANCE_CACHE ?? join(homedir(), '.cache/weir-conformance')
const jars = join(cache, 'java/lib')
if (!existsSync(jars)) {
  say(`skipped: no jars in ${jars}`)
  process.exit(0)
}

function dump(files, ...flags) {
  const args = [
    '-cp',
    `${jars}/*`,
    'org.apache.kafka.tools.DumpLogSegments',
    '--files',
    files.join(','),
    ...flags,
  ]
  return execFileSync('java', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

const directory = mkdtempSync(join(tmpdir(), 'log-dump-'))
const env = createNodeEnv({ log: { level: 'error' } })
const config = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytes: 40_000,
  indexIntervalBytes: 1000,
  fileDeleteDelayMs: 0,
  cleanupCompact: true,
  cleanupDelete: false,
  minCleanableDirtyRatio: 0,
}
const options = { directories: [directory], defaultConfig: config }
const expected = []
let failures = 0
const check = (isRight, what) => {
  if (isRight) return
  failures++
  say(`WRONG: ${what}`)
}

try {
  const manager = await LogManager.open(env, options)
  const log = manager.getOrCreate('dumped', 'ZHVtcGVkLWR1bXBlZC1kdQ', 0, config)
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
  let sequence = 0
  for (let index = 0; index < 900; index++) {
    const keys = [`key ${index % 40}`, `key ${(index * 7) % 40}`]
    const values = keys.map((_, at) =>
      index % 11 === 0 ? null : `value ${index}.${at} ${'z'.repeat(index % 90)}`,
    )
    const timestamp = Date.now() - 1000 + index
    const common = { keys, values, timestamp, codec: codecs[index % 5] }
    const producer =
      index % 3 === 0
        ? { producerId: 12, producerEpoch: 2, baseSequence: sequence, isTransactional: true }
        : {}
    if (index % 3 === 0) sequence += 2
    const origin = { origin: 'client', leaderEpoch: Math.floor(index / 300), nowMs: Date.now() }
    const outcome = log.append(batch({ ...common, ...producer }), origin)
    if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome))
    expected.push({ baseOffset: outcome.baseOffset, lastOffset: outcome.lastOffset })
    if (index % 30 === 27) {
      const kind = index % 60 === 27 ? 'abort' : 'commit'
      log.append(marker({ kind, producerId: 12, producerEpoch: 2, timestamp }), {
        ...origin,
        origin: 'coordinator',
      })
    }
    if (index % 50 === 0) await log.flush()
  }
  log.append(marker({ kind: 'commit', producerId: 12, producerEpoch: 2 }), {
    origin: 'coordinator',
    leaderEpoch: 2,
    nowMs: Date.now(),
  })
  await log.flush()
  log.updateHighWatermark(log.logEndOffset)
  const verify = what => {
    const folder = join(directory, 'dumped-0')
    const names = readdirSync(folder).sort()
    const logs = names.filter(name => name.endsWith('.log'))
    const text = dump(
      logs.map(name => join(folder, name)),
      '--deep-iteration',
      '--print-data-log',
    )
    const bases = [...text.matchAll(/^baseOffset: (\d+) lastOffset: (\d+) .*isvalid: (\w+)/gm)]
    check(bases.length > 0, `${what}: no batches`)
    check(
      bases.every(match => match[3] === 'true'),
      `${what}: an invalid batch`,
    )
    for (const suffix of ['.index', '.timeindex', '.txnindex', '.snapshot']) {
      const files = names.filter(name => name.endsWith(suffix)).map(name => join(folder, name))
      if (files.length === 0) continue
      const said = dump(files, '--verify-index-only')
      const entries = dump(files)
      const isBad = /mismatch|Error|error|out of order|Exception|corrupt/i.test(said + entries)
      check(!isBad, `${what}: ${suffix}: ${(said + entries).slice(0, 2000)}`)
      say(
        `${what}: ${files.length} ${suffix} files, ${entries.split('\n').length} lines, no complaint`,
      )
    }
    say(`${what}: ${logs.length} segments, ${bases.length} batches, all valid to Kafka`)
    return bases.map(match => ({ baseOffset: Number(match[1]), lastOffset: Number(match[2]) }))
  }
  // The indexes of the active segment are written when the log is closed.
  await manager.close()
  const first = verify('as appended')
  const seen = new Map(first.map(each => [each.baseOffset, each.lastOffset]))
  for (const each of expected) {
    check(
      seen.get(each.baseOffset) === each.lastOffset,
      `batch at ${each.baseOffset} is not in the dump`,
    )
  }
  const second = await LogManager.open(env, options)
  const cleaned = await second.runCleaner()
  check(cleaned === 1, 'nothing was cleaned')
  await second.close()
  verify('cleaned')
} finally {
  rmSync(directory, { recursive: true, force: true })
}
say(failures === 0 ? 'Kafka reads all of it' : `${failures} failures`)
process.exit(failures === 0 ? 0 : 1)
