// What an HTTP listener asks and is answered: small pages, made at once.

export interface HttpRequest {
  /** Without the query: '/metrics'. */
  readonly path: string
  readonly query: ReadonlyMap<string, string>
}

export interface HttpResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Answers GET; of HEAD the body is left out by the listener. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>

export interface HttpListener {
  readonly host: string
  readonly port: number
  /** Ends open connections, too. */
  close(): Promise<void>
}
