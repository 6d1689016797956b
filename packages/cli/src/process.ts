// The command line as a process: signals, broken pipes, the exit code.
import { type CliIo, nodeIo } from './io.ts'

/** Runs `work` with the streams of this process and ends it with the exit code that comes out. */
export async function runProcess(work: (io: CliIo) => Promise<number>): Promise<never> {
  const interrupt = new AbortController()
  const onSignal = (): void => {
    // The second one means it.
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  endOnBrokenPipe()
  const code = await work(nodeIo(interrupt.signal))
  await flush(process.stdout)
  await flush(process.stderr)
  process.exit(code)
}

/** `weir ... | head`: whoever reads has seen enough, which is no failure of ours. */
function endOnBrokenPipe(): void {
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
    throw error
  })
  process.stderr.on('error', () => {}) // There is nowhere left to say it.
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => stream.write('', () => resolve()))
}
