// The version of the package, as `weir --version` and the ready line say it.
export const VERSION = '1.0.0'
