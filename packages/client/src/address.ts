// Addresses as users write them: HOST:PORT, [v6]:PORT, separated by commas.

export interface Address {
  readonly host: string
  readonly port: number
}

const DEFAULT_PORT = 9092

/** Null when the text is not a list of addresses. A missing port is 9092. */
export function parseAddresses(text: string): Address[] | null {
  const addresses: Address[] = []
  for (const part of text.split(',')) {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+))(?::(\d{1,5}))?$/.exec(part.trim())
    const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3])
    const host = match?.[1] ?? match?.[2]
    if (host === undefined || port < 1 || port > 65_535) return null
    addresses.push({ host, port })
  }
  return addresses
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
