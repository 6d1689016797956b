// Writes src/descriptor.ts from raft.proto, so that nothing is parsed when a node starts.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const here = dirname(fileURLToPath(import.meta.url))
const { root } = protobuf.parse(readFileSync(join(here, 'raft.proto'), 'utf8'), { keepCase: false })
const json = JSON.stringify(root.toJSON(), null, 2)
writeFileSync(
  join(here, '..', 'src', 'descriptor.ts'),
  `// Generated from proto/raft.proto by proto/generate.mjs. Do not edit.\n\nexport const DESCRIPTOR = ${json}\n`,
)
