// What a node answers over HTTP: /metrics, /healthz (the process is alive) and /readyz (it serves: its
// broker is registered and not fenced, or its quorum has a leader).

import type { Clock, HttpRequest, HttpResponse } from '@weir/core'
import { PROMETHEUS_CONTENT_TYPE, type ProcessProbe } from '@weir/core/metrics'
import type { WeirNode } from '../weir-node.ts'
import { METRIC_AREAS, MetricsPage, type PageOptions } from './metrics-page.ts'

export interface HttpPagesOptions {
  readonly clock: Clock
  readonly version: string
  readonly nodeVersion: string
  readonly probe: ProcessProbe
}

type NodeState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly node: WeirNode }
  | { readonly kind: 'stopping' }

const TEXT = 'text/plain; charset=utf-8'
const INDEX = `/metrics\n/metrics?partitions=1\n/metrics?area=${METRIC_AREAS.join('|')}\n/healthz\n/readyz\n`

export class HttpPages {
  readonly #options: HttpPagesOptions
  readonly #metrics: MetricsPage
  #state: NodeState = { kind: 'starting' }

  constructor(options: HttpPagesOptions) {
    this.#options = options
    this.#metrics = new MetricsPage(options.clock)
  }

  onStarted(node: WeirNode): void {
    this.#state = { kind: 'running', node }
  }

  onStopping(): void {
    this.#state = { kind: 'stopping' }
  }

  async answer({ path, query }: HttpRequest): Promise<HttpResponse> {
    switch (path) {
      case '/metrics': {
        const asked = query.get('area')
        const area = METRIC_AREAS.find(each => each === asked) ?? null
        // An empty page would look like a node on which nothing happens.
        if (asked !== undefined && area === null) {
          return text(400, `there is no area '${asked}', only ${METRIC_AREAS.join(', ')}\n`)
        }
        return await this.#metricsPage({ withPartitions: query.get('partitions') === '1', area })
      }
      case '/healthz':
        return text(200, 'alive\n')
      case '/readyz': {
        const lack = this.#whyNotReady()
        return lack === null ? text(200, 'ready\n') : text(503, `not ready: ${lack}\n`)
      }
      case '/':
        return text(200, INDEX)
      default:
        return text(404, `there is no ${path} here, only:\n${INDEX}`)
    }
  }

  async #metricsPage(options: PageOptions): Promise<HttpResponse> {
    const { version, nodeVersion, probe } = this.#options
    const node = this.#state.kind === 'running' ? this.#state.node : null
    const sources = {
      version,
      nodeVersion,
      probe,
      isReady: this.#whyNotReady() === null,
      control: node?.controlServices ?? null,
      broker: node?.isBroker === true ? node.services : null,
    }
    const body = await this.#metrics.render(sources, options)
    return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body }
  }

  /** Null when it is. */
  #whyNotReady(): string | null {
    if (this.#state.kind !== 'running') return `the node is ${this.#state.kind}`
    const { node } = this.#state
    if (node.isBroker) return node.isFenced ? 'the broker is fenced' : null
    const { leaderId } = node.controlServices.controller.leadership
    return leaderId === null ? 'the quorum has no leader' : null
  }
}

function text(status: number, body: string): HttpResponse {
  return { status, contentType: TEXT, body }
}
