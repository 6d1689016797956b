import { once } from 'node:events'
import net from 'node:net'

/** A free port is asked for and given back; somebody else could take it in between. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
