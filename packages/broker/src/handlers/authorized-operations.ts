// What a client may do with a resource, as the bit sets of authorizedOperations. Without an authorizer
// everybody may do all that the kind of resource knows.

const OPERATION = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

function bits(operations: readonly (keyof typeof OPERATION)[]): number {
  return operations.reduce((set, name) => set | (1 << OPERATION[name]), 0)
}

/** 'Not asked for', as on the wire. */
export const OPERATIONS_NOT_ASKED = -2_147_483_648

export const TOPIC_OPERATIONS = bits([
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'describeConfigs',
  'alterConfigs',
])

export const CLUSTER_OPERATIONS = bits([
  'create',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
])

export const GROUP_OPERATIONS = bits([
  'read',
  'delete',
  'describe',
  'describeConfigs',
  'alterConfigs',
])
