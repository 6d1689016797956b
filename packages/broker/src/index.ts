export { type RunNodeOptions, runNode } from './main.ts'
export type { Services } from './services.ts'
export { type BoundListener, WeirNode, type WeirNodeOptions } from './weir-node.ts'
