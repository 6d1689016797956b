// The ring of waiting acks.

import type { ErrorName } from '@weir/protocol'
import fc from 'fast-check'
import t from 'tap'
import { type AckWaiter, PendingAcks } from './pending-acks.ts'

function recorder(deadlineMs = 100) {
  const acks: [number, ErrorName | null][] = []
  const waiter: AckWaiter = { deadlineMs, onAck: (slot, error) => acks.push([slot, error]) }
  return { acks, waiter }
}

t.test('acks come in order, up to the offset and not beyond', async t => {
  const { acks, waiter } = recorder()
  const pending = new PendingAcks()
  for (let slot = 0; slot < 100; slot++) pending.add(slot + 1, waiter, slot)
  pending.completeBelow(40, null)
  t.same(
    acks.map(([slot]) => slot),
    Array.from({ length: 40 }, (_, slot) => slot),
  )
  t.equal(pending.size, 60)
  pending.failAll('KAFKA_STORAGE_ERROR')
  t.equal(acks.length, 100)
  t.same(acks[99], [99, 'KAFKA_STORAGE_ERROR'])
})

t.test('a failure takes only those above it', async t => {
  const { acks, waiter } = recorder()
  const pending = new PendingAcks()
  for (let slot = 0; slot < 10; slot++) pending.add(slot + 1, waiter, slot)
  pending.failAbove(7, 'KAFKA_STORAGE_ERROR')
  t.same(
    acks,
    [7, 8, 9].map(slot => [slot, 'KAFKA_STORAGE_ERROR']),
  )
  pending.completeBelow(10, null)
  t.equal(acks.length, 10)
})

t.test('only those whose time is up expire', async t => {
  const slow = recorder(1000)
  const quick = recorder(10)
  const pending = new PendingAcks()
  for (let slot = 0; slot < 20; slot++) pending.add(5, slot % 2 ? slow.waiter : quick.waiter, slot)
  pending.expire(10)
  t.equal(quick.acks.length, 10)
  t.equal(slow.acks.length, 0)
  t.ok(quick.acks.every(([, error]) => error === 'REQUEST_TIMED_OUT'))
})

t.test('every waiter is answered exactly once, whatever happens', async t => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(50)), { maxLength: 200 }), steps => {
      const { acks, waiter } = recorder()
      const pending = new PendingAcks()
      let end = 0
      let added = 0
      for (const [kind, value] of steps) {
        if (kind === 0) pending.completeBelow(value, null)
        else if (kind === 1 && value < 5) pending.failAbove(end - value, 'KAFKA_STORAGE_ERROR')
        else pending.add(++end, waiter, added++)
      }
      pending.failAll('REQUEST_TIMED_OUT')
      return acks.length === added && new Set(acks.map(([slot]) => slot)).size === added
    }),
  )
  t.pass()
})
