// Where a log is made: AlterReplicaLogDirs may have said so before.

import t from 'tap'
import { openWorld } from './testing/test-kit.ts'

const OTHER = '/other'

t.test('a log that is not there yet is made where it was to be', async t => {
  const { manager, config } = await openWorld({}, { manager: { directories: ['/data', OTHER] } })
  for (const [index, path] of [OTHER, OTHER, '/data', OTHER].entries()) {
    t.equal(manager.place('later', index, path), null)
  }
  t.equal(manager.place('later', 9, '/nowhere'), 'LOG_DIR_NOT_FOUND')
  manager.place('later', 2, OTHER)
  const made = [0, 1, 2].map(index => manager.create('later', 'id', index, config).dataDirectory)
  t.same(made, [OTHER, OTHER, OTHER], 'the last word counts')
  t.equal(manager.getOrCreate('later', 'id', 3, config).dataDirectory, OTHER)
  t.equal(manager.getOrCreate('later', 'id', 4, config).dataDirectory, '/data', 'the emptier one')
})
