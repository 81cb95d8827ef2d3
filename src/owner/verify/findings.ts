export type Verdict = 'genuine' | 'missing' | 'changed' | 'unknown' | 'note'

export type Finding = {
  readonly verdict: Verdict
  /** Whose copy: “the device”, “the store”. */
  readonly where: string
  /** A file, an object or a clip. */
  readonly what: string
  /** A sentence for people. */
  readonly detail: string
}

export type Verification = {
  readonly findings: readonly Finding[]
  /** Clips of which every object that should be there is there and genuine. */
  readonly genuineClips: number
}

export const isClean = ({ findings }: Verification): boolean =>
  findings.every(({ verdict }) => verdict === 'genuine' || verdict === 'note')

/** What was found at one source. */
export class Report {
  readonly findings: Finding[] = []
  readonly #where: string

  constructor(where: string) {
    this.#where = where
  }

  add(verdict: Verdict, what: string, detail: string): void {
    this.findings.push({ verdict, where: this.#where, what, detail })
  }
}
