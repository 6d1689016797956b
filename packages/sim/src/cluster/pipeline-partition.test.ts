import t from 'tap'
import { type PipelineBatch, PipelinePartition, type RetryStyle } from './pipeline-partition.ts'

/** Sends whatever may be sent; answers with `epoch:sequence` of each. */
function sendAll(partition: PipelinePartition, nowMs = 0, epoch = 0): PipelineBatch[] {
  const sent: PipelineBatch[] = []
  for (
    let batch = partition.take(nowMs, epoch);
    batch !== null;
    batch = partition.take(nowMs, epoch)
  )
    sent.push(batch)
  return sent
}

const labels = (batches: readonly PipelineBatch[]) =>
  batches.map(({ producerEpoch, baseSequence }) => `${producerEpoch}:${baseSequence}`)

/** With its first batch acknowledged and the next seven waiting, of two records each. */
function pipeline(style: RetryStyle) {
  const partition = new PipelinePartition(style)
  for (let number = 0; number < 8; number++)
    partition.add({
      values: [`a-${2 * number}`, `a-${2 * number + 1}`],
      timestamp: 0,
      isCompressed: false,
      isTooLarge: false,
      createdMs: 0,
    })
  const first = sendAll(partition)
  for (const batch of first) partition.onSuccess(batch, 0)
  return { partition, first }
}

t.test('the first batch goes alone, then there are five at a time', async t => {
  const { partition, first } = pipeline('oneByOne')
  t.same(labels(first), ['0:0'])
  const sent = sendAll(partition)
  t.same(labels(sent), ['0:2', '0:4', '0:6', '0:8', '0:10'])
  t.ok(sent[0] !== undefined && partition.isNext(sent[0]))
  t.notOk(sent[1] !== undefined && partition.isNext(sent[1]))
})

t.test('the Java way: what came back goes alone, from the oldest on', async t => {
  const { partition } = pipeline('oneByOne')
  const [a, b, c, d, e] = sendAll(partition) as [PipelineBatch, ...PipelineBatch[]]
  for (const batch of [a, b]) if (batch !== undefined) partition.onReturn(batch, 100)
  t.same(sendAll(partition, 99), [], 'not before its time')
  t.same(sendAll(partition, 100), [a])
  partition.onSuccess(a, 2)
  t.same(labels(sendAll(partition, 100)), ['0:4', '0:12'], 'and new ones behind it')
  for (const batch of [b, c, d, e]) if (batch !== undefined) partition.onSuccess(batch, 4)
  t.same(labels(sendAll(partition, 100)), ['0:14'])
})

t.test("librdkafka's way: when all is back everything goes again, in order", async t => {
  const { partition } = pipeline('together')
  const sent = sendAll(partition)
  for (const batch of sent.slice(0, 4)) partition.onReturn(batch, 100)
  t.same(sendAll(partition, 100), [], 'one is still under way')
  for (const batch of sent.slice(4)) partition.onReturn(batch, 100)
  t.same(labels(sendAll(partition, 100)), ['0:2', '0:4', '0:6', '0:8', '0:10'])
})

t.test('behind a refused batch sequences begin anew, once those before it are done', async t => {
  const { partition } = pipeline('oneByOne')
  const [a, b, c, d, e] = sendAll(partition) as [PipelineBatch, ...PipelineBatch[]]
  if (b === undefined) throw new Error('five were sent')
  partition.onReturn(a, 0)
  partition.onRefusal(b)
  for (const batch of [c, d, e]) if (batch !== undefined) partition.onReturn(batch, 0)
  t.same(sendAll(partition), [a])
  t.notOk(partition.needsEpoch(0), 'the one before the gap is still under way')
  partition.onSuccess(a, 2)
  t.ok(partition.needsEpoch(0))
  t.same(sendAll(partition), [], 'nothing goes on in the old epoch')
  t.same(sendAll(partition, 0, 1).slice(0, 2), [c, d])
  t.same(labels([c, d] as PipelineBatch[]), ['1:0', '1:2'])
})

t.test('a batch is not pushed out of what a broker remembers by those behind it', async t => {
  const { partition } = pipeline('together')
  const [a, ...others] = sendAll(partition) as [PipelineBatch, ...PipelineBatch[]]
  for (const batch of others) partition.onSuccess(batch, 4)
  partition.onReturn(a, 0)
  t.same(sendAll(partition), [a], 'five were sent from it on')
  partition.onSuccess(a, 2)
  t.same(labels(sendAll(partition)), ['0:12', '0:14'])
})
