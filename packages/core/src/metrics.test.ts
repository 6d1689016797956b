import t from 'tap'
import { Metrics } from './metrics.ts'

t.test('counters and gauges are fields, found again by their labels in any order', t => {
  const metrics = new Metrics()
  const requests = metrics.counter('weir_requests_total', 'Requests.', {
    api: 'Fetch',
    version: '1',
  })
  requests.value += 2
  metrics.counter('weir_requests_total', 'Requests.', { version: '1', api: 'Fetch' }).value++
  metrics.counter('weir_requests_total', 'Requests.', { api: 'Produce' }).value++
  metrics.gauge('weir_connections', 'Open connections.').value = 7
  const queue = [1, 2, 3]
  metrics.collected('weir_queue_length', 'Waiting requests.', 'gauge', () => [
    { labels: {}, value: queue.length },
  ])
  queue.push(4)
  const shown = [...metrics.families()].map(({ name, kind, samples }) => [
    name,
    kind,
    [...samples()].map(sample => sample.value),
  ])
  t.same(shown, [
    ['weir_requests_total', 'counter', [3, 1]],
    ['weir_connections', 'gauge', [7]],
    ['weir_queue_length', 'gauge', [4]],
  ])
  t.end()
})

t.test('a name is declared once and well formed', t => {
  const metrics = new Metrics()
  metrics.collected('weir_a', 'A.', 'gauge', () => [])
  t.throws(() => metrics.collected('weir_a', 'A.', 'gauge', () => []), /declared twice/)
  t.throws(() => metrics.gauge('weir_a', 'A.'), /declared twice/)
  t.throws(() => metrics.counter('Weir.a', 'A.'), /not snake_case/)
  t.end()
})
