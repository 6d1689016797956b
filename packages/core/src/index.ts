export { AssertionError, assert, unreachable } from './assert.ts'
export {
  nearestName,
  parseSetting,
  type RowOf,
  SETTING_TYPES,
  type SettingRow,
  type SettingType,
  type SettingValue,
  splitList,
  type UpdateMode,
  type ValueOf,
} from './config-table.ts'
export { type Deadline, DeadlineQueue } from './deadline-queue.ts'
export type {
  Clock,
  ConnectOptions,
  Disk,
  DiskEntry,
  DiskFile,
  DiskLock,
  DiskStat,
  Env,
  Listener,
  ListenOptions,
  LogFields,
  Logger,
  Net,
  Random,
  Socket,
  SocketHandlers,
  Timer,
  WorkerContext,
  WorkerJob,
  Workers,
} from './env.ts'
export { DiskError, errorMessage, NetError, OperatorError } from './errors.ts'
export type { HttpListener, HttpRequest, HttpResponse } from './http.ts'
export { randomUuid, ZERO_UUID } from './uuid.ts'
export { defineWorkerJob } from './worker-jobs.ts'
