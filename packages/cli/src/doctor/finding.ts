// One thing that the doctor looked at.

export interface Finding {
  readonly level: 'good' | 'doubtful' | 'bad'
  readonly what: string
  /** What to do; empty if nothing has to be done. */
  readonly advice: string
}

export function good(what: string): Finding {
  return { level: 'good', what, advice: '' }
}

export function doubtful(what: string, advice: string): Finding {
  return { level: 'doubtful', what, advice }
}

export function bad(what: string, advice: string): Finding {
  return { level: 'bad', what, advice }
}
