// The other end of NodeProcess: a node that a supervisor started stops when the supervisor is gone, be
// it by kill -9: the system closes the channel between them.

/** A stop takes less; a node that hangs must not outlive its supervisor either. */
const END_AFTER_MS = 20_000

/** A supervisor started this process and has a channel to it. */
export function isSupervised(): boolean {
  return process.connected === true
}

export function stopWithParent(): void {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), END_AFTER_MS).unref()
    process.kill(process.pid, 'SIGTERM')
  })
}
