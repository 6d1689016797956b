// How far this broker has followed the metadata: not only read, but done, for partitions that change by
// the thousand are changed in turns. What it tells the controller, and what it believes of itself, rests
// on that: a broker may stop when the others know whom to ask (R15), and after a pause nobody is served
// in the belief of what was decided otherwise (R16).

export interface FollowedSources {
  readonly controller: {
    readonly appliedIndex: number
    whenApplied(index: number, timeoutMs: number): Promise<boolean>
  }
  readonly replicaManager: {
    readonly backlogSize: number
    whenApplied(): Promise<void>
  }
}

export class FollowedMetadata {
  readonly #sources: FollowedSources
  #index = 0

  constructor(sources: FollowedSources) {
    this.#sources = sources
  }

  /** All up to this entry of the metadata's log is done, inclusive. */
  get index(): number {
    const { controller, replicaManager } = this.#sources
    if (replicaManager.backlogSize === 0) this.#index = controller.appliedIndex
    return this.#index
  }

  /** True once the entry is done; false if it has not even been read after `timeoutMs`. */
  async whenFollowed(index: number, timeoutMs: number): Promise<boolean> {
    const { controller, replicaManager } = this.#sources
    if (!(await controller.whenApplied(index, timeoutMs))) return false
    await replicaManager.whenApplied()
    return true
  }
}
