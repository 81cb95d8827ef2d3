/** Counts checks and prints one line for each, as it finishes. */
export class Report {
  #passed = 0
  readonly #failed: string[] = []
  readonly #skipped: string[] = []

  passed(title: string, ms: number): void {
    this.#passed += 1
    console.log(`ok    ${title} (${seconds(ms)})`)
  }

  /** Many tests that passed together, as one line. */
  passedMany(title: string, count: number, ms: number): void {
    this.#passed += count
    console.log(`ok    ${title}: ${count} ${count === 1 ? 'test' : 'tests'} (${seconds(ms)})`)
  }

  failed(title: string, ms: number, why: string): void {
    this.#failed.push(title)
    console.log(`FAIL  ${title} (${seconds(ms)})`)
    console.log(indent(why.trim()))
  }

  get hasFailed(): boolean {
    return this.#failed.length > 0
  }

  /** A test that could not run here. Said at the end again: nothing is passed over silently. */
  skipped(title: string, why: string): void {
    this.#skipped.push(`${title}${why === '' ? '' : ` (${why})`}`)
  }

  /** Prints what was skipped, what failed and the one closing line; the exit code to end with. */
  close(): 0 | 1 {
    printList('Skipped here:', this.#skipped)
    printList('Failed:', this.#failed)
    const skipped = this.#skipped.length === 0 ? '' : `, ${this.#skipped.length} skipped`
    console.log(`${this.#passed} passed, ${this.#failed.length} failed${skipped}`)
    return this.#failed.length === 0 ? 0 : 1
  }
}

/** Runs one check; what it throws, and what it returns, is what is wrong. */
export async function check(
  report: Report,
  title: string,
  findFault: () => Promise<string | undefined>,
): Promise<void> {
  const startedAt = performance.now()
  let why: string | undefined
  try {
    why = await findFault()
  } catch (error) {
    why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const ms = performance.now() - startedAt
  if (why === undefined) report.passed(title, ms)
  else report.failed(title, ms, why)
}

/** What is wrong, as one text; undefined when the list is empty. */
export const faultOf = (problems: readonly string[]): string | undefined =>
  problems.length === 0 ? undefined : problems.join('\n')

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')

function printList(title: string, items: readonly string[]): void {
  if (items.length === 0) return
  console.log(`\n${title}`)
  for (const item of items) console.log(`  ${item}`)
}
