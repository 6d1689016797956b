// Kills a process that appends to a log with -9, again and again, and checks after each time that
// everything it had confirmed is there, once, in order, and nothing else.
// node scripts/crash-log.mjs [cycles=200] [seed=1]
// Prints the share of cycles whose recovery had a torn tail to cut. Needs a build.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeEnv } from '../packages/core/dist/node/index.js'
import { DEFAULT_LOG_CONFIG, LogManager } from '../packages/log/dist/index.js'
import { batchPositions, buildRecordBatch, records } from '../packages/protocol/dist/index.js'
import { showHelp } from './options.mjs'

const TOPIC = 'killed'
const TOPIC_ID = 'a2lsbGVkLWtpbGxlZC1raQ'
const CONFIG = { ...DEFAULT_LOG_CONFIG, segmentBytes: 32 * 1024 * 1024, fileDeleteDelayMs: 0 }
const say = line => process.stdout.write(`${line}\n`)

if (process.argv[2] === '--help') showHelp()
else if (process.argv[2] === '--child') await child(process.argv[3], Number(process.argv[4]))
else await parent(Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 1))

/** Appends for ever; a line of standard output says up to where it is written. */
async function child(directory, flushMessages) {
  const env = createNodeEnv({ log: { level: 'error' } })
  const config = {
    ...CONFIG,
    flushMessages: flushMessages === 0 ? Number.POSITIVE_INFINITY : flushMessages,
  }
  const manager = await LogManager.open(env, { directories: [directory], defaultConfig: config })
  const log = manager.getOrCreate(TOPIC, TOPIC_ID, 0, config)
  let sequence = await lastSequence(log)
  let outstanding = 0
  let confirmed = log.logEndOffset
  const pump = () => {
    while (outstanding < 8) {
      const size = sequence % 7 === 0 ? 1_500_000 : 200 + (sequence % 5) * 3000
      const value = Buffer.alloc(size, 97 + (sequence % 26))
      value.writeUInt32BE(sequence, 0)
      const batch = buildRecordBatch([{ timestamp: Date.now(), key: null, value }], {
        producerId: 1,
        producerEpoch: 0,
        baseSequence: sequence,
      })
      const outcome = log.append(batch, { origin: 'client', leaderEpoch: 1, nowMs: Date.now() })
      if (outcome.kind !== 'appended') {
        process.stderr.write(`append: ${JSON.stringify(outcome)}\n`)
        process.exit(3)
      }
      sequence++
      outstanding++
    }
  }
  log.setListener({
    onWritten() {
      const end = log.writtenEndOffset
      outstanding -= end - confirmed
      confirmed = end
      process.stdout.write(`${end}\n`)
      setImmediate(pump)
    },
    onFailure(failure) {
      process.stderr.write(`${failure.cause.message}\n`)
      process.exit(3)
    },
  })
  pump()
}

async function lastSequence(log) {
  const producers = log.activeProducers()
  return producers.length === 0 ? 0 : producers[0].lastSequence + 1
}

async function parent(cycles, seed) {
  const directory = mkdtempSync(join(tmpdir(), 'weir-crash-'))
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state / 0x7fffffff
  }
  let torn = 0
  let confirmedTotal = 0
  let problems = 0
  const env = createNodeEnv({ log: { level: 'error' } })
  const recoveries = []
  env.log.warn = (message, fields) => recoveries.push(`${message} ${JSON.stringify(fields ?? {})}`)
  env.log.error = (message, fields) => {
    problems++
    say(`${message} ${JSON.stringify(fields)}`)
  }
  let previousEnd = 0
  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const confirmed = await runAndKill(directory, cycle % 3 === 0 ? 1 : 0, 60 + random() * 250)
      recoveries.length = 0
      const manager = await LogManager.open(env, {
        directories: [directory],
        defaultConfig: CONFIG,
      })
      const log = manager.getOrCreate(TOPIC, TOPIC_ID, 0, CONFIG)
      if (recoveries.some(line => line.includes('torn tail'))) torn++
      const problem = await verify(log, Math.max(confirmed, previousEnd))
      if (problem !== null) {
        problems++
        say(`cycle ${cycle}: ${problem}`)
      }
      confirmedTotal += Math.max(0, confirmed - previousEnd)
      previousEnd = log.logEndOffset
      if (previousEnd > 3000) {
        await log.truncateFullyAndStartAt(0)
        previousEnd = 0
      }
      await manager.close()
      if (cycle % 50 === 0) say(`${cycle} cycles, ${torn} torn tails, ${problems} problems`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  say(
    `${cycles} kills, ${confirmedTotal} confirmed appends, ${torn} torn tails (${((100 * torn) / cycles).toFixed(0)} %), ${problems} problems`,
  )
  process.exit(problems === 0 ? 0 : 1)
}

function runAndKill(directory, flushMessages, delayMs) {
  return new Promise((resolve, reject) => {
    const args = [process.argv[1], '--child', directory, String(flushMessages)]
    const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    process_.stdout.on('data', chunk => {
      if (text === '') setTimeout(() => process_.kill('SIGKILL'), delayMs)
      text += chunk
    })
    process_.on('close', (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended by itself: ${code}`))
      // The last line may be cut off.
      const lines = text.split('\n').slice(0, -1)
      resolve(Number(lines.at(-1) ?? 0))
    })
  })
}

/** Null: everything confirmed is there, in order, whole. */
async function verify(log, confirmed) {
  if (log.logEndOffset < confirmed) return `ends at ${log.logEndOffset}, confirmed ${confirmed}`
  let next = log.logStartOffset
  let sequence = -1
  while (next < log.logEndOffset) {
    const result = await log.read({
      fromOffset: next,
      maxBytes: 4_000_000,
      limitOffset: log.logEndOffset,
      minOneBatch: true,
    })
    if (result.kind === 'failed') return `${result.error} at ${next}: ${result.message}`
    for (const chunk of result.chunks) {
      for (const at of batchPositions(chunk)) {
        for (const record of records(chunk, at)) {
          const found = record.value.readUInt32BE(0)
          if (record.offset !== next) return `offset ${record.offset} instead of ${next}`
          if (sequence >= 0 && found !== sequence + 1) return `sequence ${found} after ${sequence}`
          sequence = found
          next++
        }
      }
    }
    result.release()
  }
  return null
}
