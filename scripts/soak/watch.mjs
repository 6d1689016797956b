// Looks on during the faults: neither the end of a partition nor a committed offset ever goes back.
import { fetchGroupOffsets, listOffsets, OFFSET_LATEST } from '../../packages/client/dist/index.js'

const LOOK_EVERY_MS = 200

const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))

export class Watch {
  constructor(cluster, { topics, groupId }) {
    this.cluster = cluster
    this.groupId = groupId
    this.queries = topics.flatMap(({ topic, partitionCount }) =>
      Array.from({ length: partitionCount }, (_, partition) => {
        return { topic, partition, timestamp: OFFSET_LATEST }
      }),
    )
    /** By what it is of: the highest seen. */
    this.highest = new Map()
    this.looks = 0
    this.violations = []
    this.isRunning = true
    this.ended = this.#run()
  }

  async #run() {
    while (this.isRunning) {
      // Nobody answers at times; what is answered counts.
      await this.#lookAtEnds().catch(() => {})
      await this.#lookAtCommits().catch(() => {})
      await sleep(LOOK_EVERY_MS)
    }
  }

  async #lookAtEnds() {
    for (const { request, value } of await listOffsets(this.cluster, this.queries)) {
      if (value !== null) this.#note(`end of ${request.topic}-${request.partition}`, value.offset)
    }
  }

  async #lookAtCommits() {
    const committed = await fetchGroupOffsets(this.cluster, this.groupId)
    const names = committed.map(({ topic, partition }) => `commit of ${topic}-${partition}`)
    committed.forEach(({ offset }, index) => {
      this.#note(names[index], offset)
    })
    for (const name of this.highest.keys()) {
      if (name.startsWith('commit') && !names.includes(name)) this.#note(name, -1)
    }
  }

  #note(name, offset) {
    this.looks += 1
    const before = this.highest.get(name) ?? 0
    if (offset < before) this.violations.push(`the ${name} went from ${before} back to ${offset}`)
    this.highest.set(name, Math.max(before, offset))
  }

  async stop() {
    this.isRunning = false
    await this.ended
  }
}
