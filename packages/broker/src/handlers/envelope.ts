// Envelope, version 0: a request that a broker passes on to the active controller for its client.
// Difference from Kafka: the answer tells how far the metadata log was.

import {
  type Decoded,
  DecodeError,
  decodeMessage,
  decodeRequestHeader,
  decodeVersioned,
  defaultPrincipalData,
  type ErrorName,
  encodeResponseFrame,
  errorCode,
  FRAME_SIZE_BYTES,
  type Init,
  KafkaError,
} from '@weir/protocol'
import type { forwardApi } from '../metadata/node-apis.ts'
import type { ApiRow } from '../server/api-row.ts'
import type { ClientConnection, Principal, RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Request = Decoded<typeof forwardApi.request>
type Response = Init<typeof forwardApi.response>

export async function handleEnvelope(
  services: ControlServices,
  context: RequestContext,
  request: Request,
): Promise<Response> {
  if (!services.controller.isActive) return failed('NOT_CONTROLLER')
  const inner = readInner(services, request)
  if (inner === null) return failed('INVALID_REQUEST')
  const { row, header, body } = inner
  const innerContext = new ForwardedContext(context, inner)
  try {
    const response = await answer(services, innerContext, row, body)
    const frame = encodeResponseFrame(
      row.definition,
      header.apiVersion,
      header.correlationId,
      response as Record<string, unknown>,
    )
    return {
      errorCode: 0,
      responseData: Buffer.concat(frame).subarray(FRAME_SIZE_BYTES),
      metadataIndex: services.controller.appliedIndex,
    }
  } catch (error) {
    if (error instanceof KafkaError) return failed(error.errorName)
    throw error
  }
}

function failed(error: ErrorName): Response {
  return { errorCode: errorCode(error), responseData: null }
}

async function answer(
  services: ControlServices,
  context: RequestContext,
  row: ApiRow,
  body: unknown,
): Promise<unknown> {
  try {
    return await row.handle(services as never, context, body)
  } catch (error) {
    // What the whole request cannot have is told to the client; another leader is for the forwarder.
    const isForClient = error instanceof KafkaError && error.errorName !== 'NOT_CONTROLLER'
    if (!isForClient || row.errorResponse === null) throw error
    const failure = { errorCode: errorCode(error.errorName), message: error.message }
    return row.errorResponse(body, failure)
  }
}

interface Inner {
  readonly row: ApiRow
  readonly header: { readonly apiVersion: number; readonly correlationId: number }
  readonly clientId: string | null
  readonly body: unknown
  readonly principal: Principal
  readonly remoteAddress: string
}

/** Null for what no broker passes on. */
function readInner(services: ControlServices, request: Request): Inner | null {
  const { requestData, requestPrincipal, clientHostAddress } = request
  try {
    const header = decodeRequestHeader(requestData)
    const { requestApiKey: key, requestApiVersion: apiVersion } = header
    const row = services.apis.find(each => each.definition.key === key)
    if (row === undefined || !row.definition.isOfController || requestPrincipal === null)
      return null
    if (apiVersion < row.minVersion || apiVersion > row.maxVersion) return null
    const body = decodeMessage(row.definition.request, apiVersion, requestData, header.bodyStart)
    const { type, name } = decodeVersioned(defaultPrincipalData, requestPrincipal)
    return {
      row,
      header: { apiVersion, correlationId: header.correlationId },
      clientId: header.clientId,
      body,
      principal: { type, name },
      remoteAddress: clientHostAddress.toString(),
    }
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

/** The request as its client made it; handlers that are forwarded return their answers. */
class ForwardedContext implements RequestContext {
  readonly connection: ClientConnection
  readonly listener: RequestContext['listener']
  readonly principal: Principal
  readonly clientId: string | null
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly receivedMs: number

  constructor(outer: RequestContext, inner: Inner) {
    const { remoteAddress } = inner
    this.connection = { ...detailsOf(outer.connection), remoteAddress }
    this.listener = outer.listener
    this.principal = inner.principal
    this.clientId = inner.clientId
    this.apiKey = inner.row.definition.key
    this.apiVersion = inner.header.apiVersion
    this.correlationId = inner.header.correlationId
    this.receivedMs = outer.receivedMs
  }

  onNextRequest(): void {}

  respond(): never {
    throw new Error('a forwarded request is answered by its handler alone')
  }

  respondNothing(): never {
    this.respond()
  }

  close(): never {
    this.respond()
  }
}

function detailsOf(connection: ClientConnection): ClientConnection {
  const { id, remoteAddress, remotePort, localAddress, localPort } = connection
  const { clientSoftwareName, clientSoftwareVersion } = connection
  return {
    id,
    remoteAddress,
    remotePort,
    localAddress,
    localPort,
    clientSoftwareName,
    clientSoftwareVersion,
    isOpen: connection.isOpen,
    setClientSoftware: () => undefined,
  }
}
