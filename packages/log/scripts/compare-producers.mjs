// Random sequences of batches and markers against Kafka's own producer state (ProducerStateManager of
// the conformance kit's jars): every answer, every last stable offset.
// node packages/log/scripts/compare-producers.mjs [operations=200000] [seed=1]

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SimRandom } from '@weir/core/sim'
import { batchLastOffset, setBatchBaseOffset } from '@weir/protocol'
import { endMarkerOf } from '../dist/control-batch.js'
import { ProducerState } from '../dist/producer-state.js'
import { batch, marker } from '../dist/testing/test-kit.js'

const [operations = 200_000, seed = 1] = process.argv.slice(2).map(Number)
const say = line => process.stdout.write(`${line}\n`)
const cache = process.env.WEIR_CONFORMANCE_CACHE ?? join(homedir(), '.cache/weir-conformance')
const jars = join(cache, 'java/lib')
if (!existsSync(jars)) {
  say(`skipped: no jars in ${jars}`)
  process.exit(0)
}

const ERRORS = {
  OutOfOrderSequenceException: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  InvalidProducerEpochException: 'INVALID_PRODUCER_EPOCH',
  InvalidTxnStateException: 'INVALID_TXN_STATE',
  TransactionCoordinatorFencedException: 'TRANSACTION_COORDINATOR_FENCED',
}

const random = new SimRandom(`producers ${seed}`)
let state = new ProducerState()
let endOffset = 0
let last = new Map()
const lines = []
const ours = []

function unstable() {
  const first = state.firstUnstableOffset
  return first === Number.POSITIVE_INFINITY ? -1 : first
}

function append(b, origin, endMarker) {
  setBatchBaseOffset(b, 0, endOffset)
  const check = state.check(b, 0, origin, endMarker)
  if (check.kind === 'refused') return check.error
  if (check.kind === 'duplicate') return `duplicate@${check.batch.firstOffset}`
  const aborted = state.update(b, 0, endMarker)
  const answer = `appended@${endOffset}${aborted === null ? '' : `/aborted:${aborted.firstOffset}:${aborted.lastStableOffset}`}`
  endOffset = batchLastOffset(b, 0) + 1
  return answer
}

function data() {
  const producerId = random.below(4)
  const known = last.get(producerId) ?? {
    epoch: random.below(3),
    next: random.below(3) === 0 ? 2147483645 : 0,
    sent: [],
  }
  let { epoch, next } = known
  let count = 1 + random.below(4)
  const dice = random.below(20)
  if (dice === 0) epoch += 1
  if (dice === 1 && epoch > 0) epoch -= 1
  if (dice === 0 || dice === 2) next = 0
  if (dice === 3) next = (next + 1) % 2147483648
  if (dice > 3 && dice < 8 && known.sent.length > 0) {
    const again = known.sent[random.below(known.sent.length)]
    next = again.next
    count = random.below(6) === 0 ? count : again.count
  }
  const isTransactional = random.below(3) > 0
  lines.push(`D ${producerId} ${epoch} ${next} ${count} ${isTransactional ? 1 : 0}`)
  const values = Array.from({ length: count }, () => 'v')
  const b = batch({ values, producerId, producerEpoch: epoch, baseSequence: next, isTransactional })
  const answer = append(b, 'client', null)
  if (answer.startsWith('appended')) {
    const sent = [...known.sent, { next, count }].slice(-7)
    last.set(producerId, { epoch, next: (next + count) % 2147483648, sent })
  }
  return answer
}

function end() {
  const producerId = random.below(4)
  const epoch = Math.max(
    0,
    (last.get(producerId)?.epoch ?? 0) + (random.below(8) === 0 ? 1 - random.below(3) : 0),
  )
  const isCommit = random.below(2) === 0
  const coordinatorEpoch = random.below(12) === 0 ? random.below(4) : 2
  lines.push(`M ${producerId} ${epoch} ${isCommit ? 1 : 0} ${coordinatorEpoch}`)
  const b = marker({
    kind: isCommit ? 'commit' : 'abort',
    producerId,
    producerEpoch: epoch,
    coordinatorEpoch,
  })
  const answer = append(b, 'coordinator', endMarkerOf(b, 0))
  if (answer.startsWith('appended')) {
    const known = last.get(producerId)
    if (known !== undefined && known.epoch !== epoch)
      last.set(producerId, { epoch, next: 0, sent: [] })
  }
  return answer
}

for (let operation = 0; operation < operations; operation++) {
  let answer = '-'
  const dice = random.below(100)
  if (operation % 200 === 0) {
    state = new ProducerState()
    endOffset = 0
    last = new Map()
    lines.push('R')
  } else if (dice < 70) answer = data()
  else if (dice < 90) answer = end()
  else {
    const highWatermark = Math.max(0, endOffset - random.below(3))
    state.highWatermarkMoved(highWatermark)
    lines.push(`H ${highWatermark}`)
  }
  ours.push(`${answer} ${unstable()}`)
}

const source = fileURLToPath(new URL('ProducerOracle.java', import.meta.url))
const run = spawnSync('java', ['-cp', `${jars}/*`, source], {
  input: `${lines.join('\n')}\n`,
  encoding: 'utf8',
  maxBuffer: 1 << 30,
})
if (run.status !== 0) throw new Error(run.stderr.slice(0, 2000))
const theirs = run.stdout.trimEnd().split('\n')
let differences = 0
let start = 0
const counts = new Map()
for (const [index, line] of theirs.entries()) {
  if (lines[index] === 'R') start = index
  const [word, offset] = line.split(' ')
  const kafka = `${ERRORS[word] ?? word} ${offset}`
  const kind = kafka.split(/[@ ]/)[0]
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
  if (kafka === ours[index]) continue
  differences++
  if (differences > 3) continue
  say(`operation ${index}: Kafka says ${kafka}, we say ${ours[index]}`)
  for (let at = Math.max(start, index - 12); at <= index; at++)
    say(`  ${lines[at]} -> ${theirs[at]} | ${ours[at]}`)
}
say(
  `${theirs.length} operations, ${differences} differences; ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
)
process.exit(differences === 0 ? 0 : 1)
