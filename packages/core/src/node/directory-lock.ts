// An exclusive lock on a directory that dies with the process, also after kill -9.
//
// Linux: a listening socket in the abstract namespace, named after the directory's device and inode:
// the kernel removes it with the process, and nothing is left on the disk. Who finds it taken asks it
// for the owner's pid. Elsewhere: a file with pid and start time of the owner, which counts as stale
// when no process has both.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import fsp from 'node:fs/promises'
import net from 'node:net'
import type { DiskLock } from '../env.ts'
import { DiskError } from '../errors.ts'

const LOCK_FILE = '.weir-lock'
const ASK_TIMEOUT_MS = 500

export function lockDirectory(directory: string): Promise<DiskLock> {
  return process.platform === 'linux' ? lockBySocket(directory) : lockByFile(directory)
}

async function lockBySocket(directory: string): Promise<DiskLock> {
  const { dev, ino } = await fsp.stat(directory, { bigint: true })
  const name = `\0weir-lock-${dev}-${ino}`
  const server = net.createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end(String(process.pid))
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path: name }, resolve)
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw isLocked(directory, await askOwner(name))
  }
  server.unref()
  return { release: () => new Promise(resolve => server.close(() => resolve())) }
}

/** The pid of the process that holds the lock; null if it does not say in time. */
function askOwner(name: string): Promise<number | null> {
  return new Promise(resolve => {
    let answer = ''
    const socket = net.connect({ path: name })
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy())
    socket.on('data', chunk => {
      answer += chunk.toString()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(/^\d+$/.test(answer) ? Number(answer) : null))
  })
}

/** The portable form; exported for its test. */
export async function lockByFile(directory: string): Promise<DiskLock> {
  const path = `${directory}/${LOCK_FILE}`
  const mine = `${process.pid} ${startTimeOf(process.pid) ?? ''}\n`
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await fsp.writeFile(path, mine, { flag: 'wx' })
      return { release: () => fsp.unlink(path) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const text = await fsp.readFile(path, 'utf8')
    const [pid = '', ...started] = text.trim().split(' ')
    const owner = Number(pid)
    if (/^\d+$/.test(pid) && startTimeOf(owner) === started.join(' ')) {
      throw isLocked(directory, owner)
    }
    // Left behind by a process that is gone. Moving it away first lets only one of two win.
    const stale = `${path}.${process.pid}`
    await fsp.rename(path, stale).catch(ignoreMissing)
    await fsp.unlink(stale).catch(ignoreMissing)
  }
  throw isLocked(directory, null)
}

/** When a process was started, as text that only it has; null if there is no such process. */
function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
    } catch {
      // No such process, or /proc is not there.
      return null
    }
  }
  try {
    const options = { encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], options).trim()
  } catch {
    // ps exits with 1 when there is no such process.
    return null
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

function isLocked(directory: string, pid: number | null): DiskError {
  const owner = pid === null ? 'another process' : `process ${pid}`
  return new DiskError('ELOCKED', directory, `directory is in use by ${owner}`)
}
