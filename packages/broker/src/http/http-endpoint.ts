// The HTTP listener of a node's process. It is there before the node is, since a start may take long,
// and goes after it.

import { type Env, errorMessage, type HttpListener } from '@weir/core'
import { NodeProcessProbe, serveHttp } from '@weir/core/node'
import { type BrokerSettings, httpListen } from '@weir/settings'
import type { WeirNode } from '../weir-node.ts'
import { HttpPages } from './http-pages.ts'

export interface HttpEndpointOptions {
  readonly settings: BrokerSettings
  readonly version: string
  readonly nodeVersion: string
}

export class HttpEndpoint {
  readonly #pages: HttpPages
  readonly #probe: NodeProcessProbe
  readonly #listener: HttpListener

  private constructor(pages: HttpPages, probe: NodeProcessProbe, listener: HttpListener) {
    this.#pages = pages
    this.#probe = probe
    this.#listener = listener
  }

  /** Null where the settings want none, and where the address cannot be had: a node is of use without. */
  static async start(env: Env, options: HttpEndpointOptions): Promise<HttpEndpoint | null> {
    const address = httpListen(options.settings)
    if (address === null) return null
    const probe = new NodeProcessProbe()
    const { version, nodeVersion } = options
    const pages = new HttpPages({ clock: env.clock, version, nodeVersion, probe })
    try {
      const listener = await serveHttp(address, request => pages.answer(request), env.log)
      return new HttpEndpoint(pages, probe, listener)
    } catch (error) {
      probe.close()
      const where = options.settings.get('weir.http.listen')
      env.log.warn('no metrics and health: choose another address with --http HOST:PORT, or off', {
        address: where,
        reason: errorMessage(error),
      })
      return null
    }
  }

  get port(): number {
    return this.#listener.port
  }

  onStarted(node: WeirNode): void {
    this.#pages.onStarted(node)
  }

  onStopping(): void {
    this.#pages.onStopping()
  }

  async close(): Promise<void> {
    this.#probe.close()
    await this.#listener.close()
  }
}
