// How a rule is broken: methods of a class are replaced while the bug is planted.

export interface PlantedClusterBug {
  readonly rule: string
  readonly name: string
  readonly what: string
  /** Replaces methods; answers what puts them back. */
  plant(): () => void
}

/** Replaces one method of a class. */
export function patch<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  method: T[K],
): () => void {
  return patchProperty(prototype, name, { value: method, writable: true, configurable: true })
}

/** Replaces a getter. */
export function patchGetter<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  get: (this: T) => T[K],
): () => void {
  return patchProperty(prototype, name, { get, configurable: true })
}

function patchProperty(
  prototype: object,
  name: PropertyKey,
  replacement: PropertyDescriptor,
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)
  if (original === undefined) throw new Error(`there is no ${String(name)} to replace`)
  Object.defineProperty(prototype, name, replacement)
  return () => Object.defineProperty(prototype, name, original)
}

export function both(...plants: readonly (() => () => void)[]): () => () => void {
  return () => {
    const restores = plants.map(plant => plant())
    return () => {
      for (const restore of restores.reverse()) restore()
    }
  }
}

export const bug = (
  rule: string,
  name: string,
  what: string,
  plant: () => () => void,
): PlantedClusterBug => ({ rule, name, what, plant })
